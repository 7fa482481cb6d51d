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
            var request = new PlainRequest(
                call.Method, call.Path, call.Query, name => call.RequestHeaders[name].ToString());
            var result = await answer(request, call.Cancelled);
            foreach ((string name, string value) in result.Headers)
                call.ResponseHeaders[name] = value;
            await call.WriteAsync(result.Status, result.ContentType, result.Body);
        };
}
