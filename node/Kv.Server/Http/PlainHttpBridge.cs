using Kv.Grpc;

namespace Kv.Server.Http;

/// <summary>From the server's calls to our requests, and from our answers back.</summary>
public static class PlainHttpBridge
{
    /// <summary>What a <see cref="GrpcServer"/> is given for requests that are not gRPC.</summary>
    public static PlainHttpMethod ToMethod(
        Func<PlainRequest, CancellationToken, ValueTask<PlainAnswer>> answer) =>
        async call =>
        {
            var result = await answer(ToRequest(call), call.Cancelled);
            await GiveAsync(call, result);
        };

    public static PlainRequest ToRequest(PlainHttpCall call) =>
        new(call.Method, call.Path, call.Query, name => call.RequestHeaders[name].ToString())
        {
            IsSecured = call.IsTls,
        };

    public static ValueTask GiveAsync(PlainHttpCall call, PlainAnswer answer)
    {
        foreach ((string name, string value) in answer.Headers)
            call.ResponseHeaders[name] = value;
        return call.WriteAsync(answer.Status, answer.ContentType, answer.Body);
    }
}
