using System.Buffers;
using System.IO.Pipelines;
using System.Net.WebSockets;
using Grpc.Core;
using Kv.Grpc;
using Kv.Grpc.Local;

namespace Kv.Server.Gateway;

/// <summary>The JSON gateway for who can only open WebSockets. As in etcd, the texts that come are the body of the
/// request, one after another, and each answer is a text: so a watch can be asked for more while it answers. The call
/// ends when the client closes; when the call ends first, the server closes.</summary>
internal sealed class WebSocketGateway(LocalCallInvoker calls, int bodyBytesMax)
{
    private const int ReceiveBytes = 4096;
    private const string Authorization = "authorization";

    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(1);
    private static readonly byte[] LineEnd = [(byte)'\n'];

    public async ValueTask AnswerAsync(PlainHttpCall http, GatewayRoute route)
    {
        Metadata metadata = GatewayMetadata.Of(http.RequestHeaders);
        if (WebSocketUpgrade.TokenOf(http) is { } token)
            metadata.Add(Authorization, token);
        using WebSocket? socket = await WebSocketUpgrade.TryAcceptAsync(http);
        if (socket is null)
            return;

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(http.Cancelled);
        var incoming = new Pipe();
        Task receiving = ReceiveAsync(socket, incoming.Writer, ended);
        try
        {
            var body = new JsonBody(incoming.Reader, route.Request, bodyBytesMax, ended.Token);
            var options = new CallOptions(metadata, cancellationToken: ended.Token);
            await ConverseAsync(socket, route, body, options, ended);
            await CloseAsync(socket);
        }
        catch (Exception gone) when (gone is OperationCanceledException or WebSocketException or IOException)
        {
            // The client has closed, or is not there any more.
        }
        finally
        {
            await ended.CancelAsync();
            await receiving;
            await incoming.Reader.CompleteAsync();
        }
    }

    private async Task ConverseAsync(
        WebSocket socket, GatewayRoute route, JsonBody body, CallOptions options, CancellationTokenSource ended)
    {
        Task<Status> sending = Task.FromResult(Status.DefaultSuccess);
        Status outcome;
        try
        {
            if (route.Method.Type == MethodType.Unary)
            {
                byte[] request = await body.ReadAsync() ?? [];
                byte[] answer = await calls.AsyncUnaryCall(route.Method, host: null, options, request);
                await SendAsync(socket, route, answer, wrapper: null, ended.Token);
            }
            else if (route.Method.Type == MethodType.ServerStreaming)
            {
                byte[] request = await body.ReadAsync() ?? [];
                using var call = calls.AsyncServerStreamingCall(route.Method, host: null, options, request);
                await PassOnAsync(socket, route, call.ResponseStream, ended.Token);
            }
            else
            {
                // The two directions do not wait for each other; a text that is no request ends the call.
                using var stop = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
                using var call = calls.AsyncDuplexStreamingCall(
                    route.Method, host: null, options.WithCancellationToken(stop.Token));
                sending = RequestsAsync(body, call.RequestStream, stop);
                await PassOnAsync(socket, route, call.ResponseStream, stop.Token);
            }

            return;
        }
        catch (RpcException refused)
        {
            outcome = refused.Status;
        }
        catch (Exception refused) when (refused is JsonRefusedException or BodyTooLargeException)
        {
            outcome = ToStatus(refused);
        }
        catch (OperationCanceledException) when (!ended.IsCancellationRequested)
        {
            outcome = await sending;
        }

        bool isOfMany = route.Method.Type != MethodType.Unary;
        byte[] error = JsonAnswer.OfError((int)outcome.StatusCode, outcome.Detail, isOfMany);
        await socket.SendAsync(error, WebSocketMessageType.Text, endOfMessage: true, ended.Token);
    }

    private static Status ToStatus(Exception refused) => new(
        refused is BodyTooLargeException ? StatusCode.ResourceExhausted : StatusCode.InvalidArgument, refused.Message);

    // Returns why it gave the call up, if it did.
    private static async Task<Status> RequestsAsync(
        JsonBody body, IClientStreamWriter<byte[]> requests, CancellationTokenSource stop)
    {
        try
        {
            while (await body.ReadAsync() is { } request)
                await requests.WriteAsync(request, stop.Token);
            await requests.CompleteAsync();
        }
        catch (Exception refused) when (refused is JsonRefusedException or BodyTooLargeException)
        {
            await stop.CancelAsync();
            return ToStatus(refused);
        }
        catch (Exception gone) when (gone is OperationCanceledException or IOException)
        {
            // The call has ended.
        }

        return Status.DefaultCancelled;
    }

    private static async Task PassOnAsync(
        WebSocket socket, GatewayRoute route, IAsyncStreamReader<byte[]> answers, CancellationToken cancelled)
    {
        while (await answers.MoveNext(cancelled))
            await SendAsync(socket, route, answers.Current, "result", cancelled);
    }

    private static ValueTask SendAsync(
        WebSocket socket, GatewayRoute route, byte[] answer, string? wrapper, CancellationToken cancelled)
    {
        var json = new ArrayBufferWriter<byte>();
        JsonAnswer.Write(json, answer, route.Response, wrapper);
        return socket.SendAsync(json.WrittenMemory, WebSocketMessageType.Text, endOfMessage: true, cancelled);
    }

    // Into the body of the request; a pipe that is full makes the client wait.
    private static async Task ReceiveAsync(WebSocket socket, PipeWriter body, CancellationTokenSource ended)
    {
        try
        {
            while (true)
            {
                ValueWebSocketReceiveResult received =
                    await socket.ReceiveAsync(body.GetMemory(ReceiveBytes), ended.Token);
                if (received.MessageType == WebSocketMessageType.Close)
                    break;
                body.Advance(received.Count);
                if (received.EndOfMessage)
                    body.Write(LineEnd);
                if ((await body.FlushAsync(ended.Token)).IsCompleted)
                    break;
            }
        }
        catch (Exception gone) when (gone is OperationCanceledException or WebSocketException or IOException)
        {
            // The call has ended, or the client is not there any more.
        }

        await body.CompleteAsync();
        await ended.CancelAsync();
    }

    private static async Task CloseAsync(WebSocket socket)
    {
        using var patience = new CancellationTokenSource(ClosePatience);
        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, statusDescription: null, patience.Token);
    }
}
