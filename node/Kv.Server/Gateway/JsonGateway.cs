using System.Buffers;
using System.Runtime.ExceptionServices;
using Grpc.Core;
using Kv.Grpc;
using Kv.Grpc.Local;

namespace Kv.Server.Gateway;

/// <summary>The API for who speaks JSON: a POST of a request is a call of the method that the path stands for
/// (<see cref="GatewayRoutes"/>), and goes the way of all calls, past the same gates.
/// <code>
///                             answer
/// a call of one answer        the answer, or {"code":5,"message":"…"}
/// a call of many answers      a line {"result":…} for each, at last perhaps {"error":{"code":5,"message":"…"}}
/// </code>
/// The requests of a call of many requests stand one after another in the body; its answers come as it goes. Who asks
/// for a WebSocket there has a message for each (<see cref="WebSocketGateway"/>).</summary>
/// <param name="messageBytesMax">The largest message that a method takes.</param>
internal sealed class JsonGateway(LocalCallInvoker calls, int messageBytesMax)
{
    private const string Json = "application/json";

    // What is eight letters in JSON may be one byte of a message, and not less, in all that makes sense.
    private const int LettersPerByte = 8;

    private static readonly byte[] LineEnd = [(byte)'\n'];

    private int BodyBytesMax => (int)Math.Min(int.MaxValue / 2, (long)LettersPerByte * messageBytesMax);

    public async ValueTask AnswerAsync(PlainHttpCall http)
    {
        if (GatewayRoutes.Find(http.Path) is not { } route)
        {
            await RefuseAsync(http, 404, StatusCode.NotFound, "Not Found");
            return;
        }

        if (WebSocketUpgrade.IsWanted(http))
        {
            await new WebSocketGateway(calls, BodyBytesMax).AnswerAsync(http, route);
            return;
        }

        if (http.Method != "POST")
        {
            await RefuseAsync(http, 501, StatusCode.Unimplemented, "Method Not Allowed");
            return;
        }

        bool isOfMany = route.Method.Type == MethodType.DuplexStreaming;
        try
        {
            switch (route.Method.Type)
            {
                case MethodType.Unary:
                    await AnswerOneAsync(http, route);
                    break;
                case MethodType.ServerStreaming:
                    byte[] request = await Body(http, route).ReadAsync() ?? [];
                    isOfMany = true;
                    await AnswerManyAsync(http, route, request);
                    break;
                default:
                    await ConverseAsync(http, route);
                    break;
            }
        }
        catch (JsonRefusedException refused)
        {
            await EndAsync(http, new Status(StatusCode.InvalidArgument, refused.Message), isOfMany);
        }
        catch (BodyTooLargeException refused)
        {
            await EndAsync(http, new Status(StatusCode.ResourceExhausted, refused.Message), isOfMany);
        }
        catch (RpcException refused)
        {
            await EndAsync(http, refused.Status, isOfMany);
        }
    }

    private JsonBody Body(PlainHttpCall http, GatewayRoute route) =>
        new(http.RequestBody, route.Request, BodyBytesMax, http.Cancelled);

    private static CallOptions Options(PlainHttpCall http) =>
        new(GatewayMetadata.Of(http.RequestHeaders), cancellationToken: http.Cancelled);

    private async Task AnswerOneAsync(PlainHttpCall http, GatewayRoute route)
    {
        byte[] request = await Body(http, route).ReadAsync() ?? [];
        byte[] answer = await calls.AsyncUnaryCall(route.Method, host: null, Options(http), request);
        var json = new ArrayBufferWriter<byte>();
        JsonAnswer.Write(json, answer, route.Response);
        await http.WriteAsync(200, Json, json.WrittenMemory);
    }

    private async Task AnswerManyAsync(PlainHttpCall http, GatewayRoute route, byte[] request)
    {
        using AsyncServerStreamingCall<byte[]> call =
            calls.AsyncServerStreamingCall(route.Method, host: null, Options(http), request);
        await PassOnAsync(http, route, call.ResponseStream);
    }

    // The two directions do not wait for each other. A body that is no request, or that breaks off, ends the call.
    private async Task ConverseAsync(PlainHttpCall http, GatewayRoute route)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.Cancelled);
        CallOptions options = Options(http).WithCancellationToken(ended.Token);
        using AsyncDuplexStreamingCall<byte[], byte[]> call =
            calls.AsyncDuplexStreamingCall(route.Method, host: null, options);
        var body = new JsonBody(http.RequestBody, route.Request, BodyBytesMax, ended.Token);
        Task<Exception?> sending = SendAsync(body, call.RequestStream, ended);
        try
        {
            await PassOnAsync(http, route, call.ResponseStream);
        }
        catch (OperationCanceledException) when (!http.Cancelled.IsCancellationRequested)
        {
            if (await sending is { } fault)
                ExceptionDispatchInfo.Throw(fault);
            throw;
        }
        finally
        {
            await ended.CancelAsync();
            await sending;
        }
    }

    // Returns why it gave the call up, if it did.
    private static async Task<Exception?> SendAsync(
        JsonBody body, IClientStreamWriter<byte[]> requests, CancellationTokenSource ended)
    {
        try
        {
            while (await body.ReadAsync() is { } request)
                await requests.WriteAsync(request, ended.Token);
            await requests.CompleteAsync();
            return null;
        }
        catch (Exception fault) when (fault is JsonRefusedException or BodyTooLargeException or IOException)
        {
            await ended.CancelAsync();
            return fault;
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }

    private static async Task PassOnAsync(
        PlainHttpCall http, GatewayRoute route, IAsyncStreamReader<byte[]> answers)
    {
        while (await answers.MoveNext(http.Cancelled))
        {
            if (!http.HasStarted)
                http.ResponseHeaders.ContentType = Json;
            JsonAnswer.Write(http.ResponseBody, answers.Current, route.Response, "result");
            http.ResponseBody.Write(LineEnd);
            await http.ResponseBody.FlushAsync(http.Cancelled);
        }
    }

    // An answer that has begun has its status, and what went wrong is its last line.
    private static async ValueTask EndAsync(PlainHttpCall http, Status status, bool isOfMany)
    {
        byte[] error = JsonAnswer.OfError((int)status.StatusCode, status.Detail, isOfMany);
        if (http.HasStarted)
        {
            http.ResponseBody.Write(error);
            http.ResponseBody.Write(LineEnd);
            return;
        }

        if (status.StatusCode == StatusCode.Unauthenticated)
            http.ResponseHeaders.WWWAuthenticate = status.Detail;
        await http.WriteAsync(GatewayStatus.ToHttp(status.StatusCode), Json, error);
    }

    private static ValueTask RefuseAsync(PlainHttpCall http, int status, StatusCode code, string message) =>
        http.WriteAsync(status, Json, JsonAnswer.OfError((int)code, message, isOfMany: false));
}
