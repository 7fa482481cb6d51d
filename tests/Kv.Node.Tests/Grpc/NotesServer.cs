using System.Net;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Grpc;
using Kv.Node.Tests.Grpc.Proto;

namespace Kv.Node.Tests.Grpc;

/// <summary>A server on a port of its own with the service of test.proto. What a note's text says is what happens to
/// the call.</summary>
public sealed class NotesServer : Notes.NotesBase, IAsyncDisposable
{
    public const string RawPath = "/kv.test.Raw/Echo";

    private readonly TaskCompletionSource<ServerCallContext> _arrived = new();
    private readonly TaskCompletionSource _cancelled = new();
    private readonly TaskCompletionSource _waiting = new();
    private bool _isSecured;

    private NotesServer(GrpcServerOptions options)
    {
        Server = new GrpcServer(options with { Faulted = (_, fault) => Faults.Add(fault) });
        Server.Add(Notes.BindService(this));
        Server.AddUnary(RawPath, RawEcho.AnswerAsync);
    }

    public GrpcServer Server { get; }

    public List<Exception> Faults { get; } = [];

    public int Port => ((IPEndPoint)Server.EndPoints[0]).Port;

    public string Address => $"{(_isSecured ? "https" : "http")}://127.0.0.1:{Port}";

    /// <summary>Completes when a call whose text is "wait" has arrived.</summary>
    public Task<ServerCallContext> Arrived => _arrived.Task;

    /// <summary>Completes when such a call has been told that it is given up.</summary>
    public Task Cancelled => _cancelled.Task;

    /// <summary>Completes when a talk that has begun waits for its client's next message.</summary>
    public Task Waiting => _waiting.Task;

    /// <summary>How many messages "flood" has got rid of.</summary>
    public long Flooded { get; private set; }

    public static async Task<NotesServer> StartAsync(GrpcServerOptions? options = null, IServerTls? tls = null)
    {
        var server = new NotesServer(options ?? new GrpcServerOptions()) { _isSecured = tls is not null };
        await server.Server.StartAsync([new GrpcEndPoint(new IPEndPoint(IPAddress.Loopback, 0), tls)]);
        return server;
    }

    public GrpcChannel Channel(GrpcChannelOptions? options = null) =>
        GrpcChannel.ForAddress(Address, options ?? new GrpcChannelOptions());

    public GrpcMethod Method(string name) =>
        Server.Methods.Single(method => method.Path.EndsWith($"Notes/{name}", StringComparison.Ordinal));

    public ValueTask DisposeAsync() => Server.DisposeAsync();

    public override async Task<Note> Echo(Note request, ServerCallContext context)
    {
        foreach (Metadata.Entry entry in context.RequestHeaders.Where(entry => entry.Key.StartsWith("echo-", default)))
            context.ResponseTrailers.Add(entry);

        switch (request.Text)
        {
            case "refuse":
                throw new RpcException(new Status((StatusCode)request.Number, "Möglich: 100 %\n"));
            case "fault":
                throw new InvalidOperationException("A secret of the server.");
            case "set status":
                context.Status = new Status(StatusCode.DataLoss, "set");
                return request;
            case "headers":
                await context.WriteResponseHeadersAsync(new Metadata { { "early", "yes" }, { "early-bin", [0, 255] } });
                return request;
            case "wait":
                await WaitForCancelAsync(context);
                return request;
            case "deadline":
                TimeSpan left = context.Deadline - TimeProvider.System.GetUtcNow().UtcDateTime;
                return new Note { Number = (long)left.TotalSeconds };
            case "peer":
                return new Note { Text = $"{context.Peer} {context.Host} {context.Method}" };
            case "who":
                return new Note { Text = string.Join(',', context.AuthContext.Properties.Select(each => each.Value)) };
            case "large":
                return new Note { Payload = Google.Protobuf.ByteString.CopyFrom(new byte[request.Number]) };
            default:
                return request;
        }
    }

    public override async Task<Note> Sum(IAsyncStreamReader<Note> requestStream, ServerCallContext context)
    {
        long sum = 0;
        await foreach (Note note in requestStream.ReadAllAsync())
        {
            if (note.Text == "enough")
                throw new RpcException(new Status(StatusCode.OutOfRange, "enough"));
            sum += note.Number;
        }

        return new Note { Number = sum };
    }

    public override async Task Count(Note request, IServerStreamWriter<Note> responseStream, ServerCallContext context)
    {
        if (request.Text == "flood")
        {
            await FloodAsync(request, responseStream, context);
            return;
        }

        if (request.Text == "hinted")
            responseStream.WriteOptions = new WriteOptions(WriteFlags.BufferHint);
        for (long number = 1; number <= request.Number; number++)
            await responseStream.WriteAsync(new Note { Number = number });
        if (request.Text == "hinted")
            await WaitForCancelAsync(context);
        if (request.Text == "then refuse")
            throw new RpcException(new Status(StatusCode.Aborted, "refused"), new Metadata { { "after", "all" } });
    }

    public override async Task Talk(
        IAsyncStreamReader<Note> requestStream,
        IServerStreamWriter<Note> responseStream,
        ServerCallContext context)
    {
        try
        {
            while (true)
            {
                Task<bool> next = requestStream.MoveNext(CancellationToken.None);
                if (_arrived.Task.IsCompleted && !next.IsCompleted)
                    _waiting.TrySetResult();
                if (!await next)
                    return;

                _arrived.TrySetResult(context);
                await responseStream.WriteAsync(requestStream.Current);
            }
        }
        catch (OperationCanceledException)
        {
            _cancelled.TrySetResult();
            throw;
        }
    }

    private async Task WaitForCancelAsync(ServerCallContext context)
    {
        var given = new TaskCompletionSource();
        using CancellationTokenRegistration registration = context.CancellationToken.Register(given.SetResult);
        _arrived.TrySetResult(context);
        await given.Task;
        _cancelled.TrySetResult();
        context.CancellationToken.ThrowIfCancellationRequested();
    }

    private async Task FloodAsync(Note request, IServerStreamWriter<Note> responses, ServerCallContext context)
    {
        var message = new Note { Payload = Google.Protobuf.ByteString.CopyFrom(new byte[request.Number]) };
        try
        {
            while (true)
            {
                context.CancellationToken.ThrowIfCancellationRequested();
                await responses.WriteAsync(message);
                Flooded++;
                _arrived.TrySetResult(context);
            }
        }
        catch (OperationCanceledException)
        {
            _cancelled.TrySetResult();
            throw;
        }
    }
}
