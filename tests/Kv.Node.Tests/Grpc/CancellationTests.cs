using Grpc.Core;
using Grpc.Net.Client;
using Kv.Node.Tests.Grpc.Proto;

namespace Kv.Node.Tests.Grpc;

/// <summary>Calls that are given up, by either side or by the clock.</summary>
public sealed class CancellationTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private NotesServer _server = null!;
    private GrpcChannel _channel = null!;
    private Notes.NotesClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await NotesServer.StartAsync();
        _channel = _server.Channel();
        _client = new Notes.NotesClient(_channel);
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task A_client_that_gives_up_is_noticed_by_the_server()
    {
        using var cancelled = new CancellationTokenSource();
        AsyncUnaryCall<Note> call = _client.EchoAsync(
            new Note { Text = "wait" },
            cancellationToken: cancelled.Token);
        await _server.Arrived.WaitAsync(Patience);
        await cancelled.CancelAsync();

        await _server.Cancelled.WaitAsync(Patience);
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(StatusCode.Cancelled, thrown.StatusCode);
        await EndsAsync("Echo", StatusCode.Cancelled);
    }

    [Fact]
    public async Task Disposing_of_a_stream_gives_it_up()
    {
        AsyncDuplexStreamingCall<Note, Note> call = _client.Talk();
        await call.RequestStream.WriteAsync(new Note());
        await _server.Arrived.WaitAsync(Patience);
        Task<bool> waiting = call.ResponseStream.MoveNext().ContinueWith(
            async first => await first && await call.ResponseStream.MoveNext(),
            TaskScheduler.Default).Unwrap();
        call.Dispose();

        await _server.Cancelled.WaitAsync(Patience);
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(() => waiting);
        Assert.Equal(StatusCode.Cancelled, thrown.StatusCode);
        Assert.Equal(StatusCode.Cancelled, call.GetStatus().StatusCode);
        await EndsAsync("Talk", StatusCode.Cancelled);
    }

    [Fact]
    public async Task A_connection_that_ends_gives_up_its_calls()
    {
        AsyncUnaryCall<Note> call = _client.EchoAsync(new Note { Text = "wait" });
        await _server.Arrived.WaitAsync(Patience);
        _channel.Dispose();

        await _server.Cancelled.WaitAsync(Patience);
        await Assert.ThrowsAsync<RpcException>(async () => await call);
    }

    [Fact]
    public async Task A_deadline_ends_a_call_on_both_sides()
    {
        DateTime deadline = TimeProvider.System.GetUtcNow().UtcDateTime + TimeSpan.FromMilliseconds(200);
        AsyncUnaryCall<Note> call = _client.EchoAsync(new Note { Text = "wait" }, deadline: deadline);
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(async () => await call);

        await _server.Cancelled.WaitAsync(Patience);
        Assert.Equal(StatusCode.DeadlineExceeded, thrown.StatusCode);
        Assert.Equal(1, _server.Method("Echo").Counts.Started);
    }

    [Fact]
    public async Task A_server_keeps_the_deadline_of_a_client_that_does_not()
    {
        using HttpClient http = new();
        HttpRequestMessage request = Wire.Request(_server, "/kv.test.Notes/Echo", new Note { Text = "wait" });
        request.Headers.Add("grpc-timeout", "150m");
        using HttpResponseMessage response = await http.SendAsync(request);

        Assert.Equal(new Status(StatusCode.DeadlineExceeded, "context deadline exceeded"), Wire.Status(response));
        await EndsAsync("Echo", StatusCode.DeadlineExceeded);
    }

    [Fact]
    public async Task A_deadline_far_away_arrives_as_it_was_given()
    {
        DateTime inTenMinutes = TimeProvider.System.GetUtcNow().UtcDateTime + TimeSpan.FromMinutes(10);
        Note answer = await _client.EchoAsync(new Note { Text = "deadline" }, deadline: inTenMinutes);
        Note never = await _client.EchoAsync(new Note { Text = "deadline" });

        Assert.InRange(answer.Number, 590, 600);
        Assert.InRange(never.Number, (long)TimeSpan.FromDays(365_000).TotalSeconds, long.MaxValue);
    }

    [Fact]
    public async Task A_deadline_already_over_needs_no_server()
    {
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await _client.EchoAsync(new Note(), deadline: DateTime.UnixEpoch));

        Assert.Equal(StatusCode.DeadlineExceeded, thrown.StatusCode);
        Assert.Equal(0, _server.Method("Echo").Counts.Started);
    }

    [Fact]
    public async Task A_channel_may_throw_what_cancelled_tasks_throw()
    {
        using GrpcChannel channel = _server.Channel(new() { ThrowOperationCanceledOnCancellation = true });
        using var cancelled = new CancellationTokenSource();
        AsyncUnaryCall<Note> call = new Notes.NotesClient(channel).EchoAsync(
            new Note { Text = "wait" },
            cancellationToken: cancelled.Token);
        await _server.Arrived.WaitAsync(Patience);
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await call);
    }

    [Fact]
    public async Task The_objects_of_a_cancelled_call_serve_the_next_one()
    {
        for (int round = 0; round < 20; round++)
        {
            DateTime deadline = TimeProvider.System.GetUtcNow().UtcDateTime + TimeSpan.FromMilliseconds(20);
            await Assert.ThrowsAsync<RpcException>(async () =>
                await _client.EchoAsync(new Note { Text = "wait" }, deadline: deadline));
            Assert.Equal(round, (await _client.EchoAsync(new Note { Number = round })).Number);
        }
    }

    // The server counts a call when its method has ended, which the client does not wait for.
    private async Task EndsAsync(string method, StatusCode code)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        using var patience = new CancellationTokenSource(Patience);
        while (_server.Method(method).Counts.Handled(code) == 0)
            await timer.WaitForNextTickAsync(patience.Token);
        Assert.Equal(1, _server.Method(method).Counts.Handled(code));
    }
}
