using System.Net;
using Google.Protobuf;
using Grpc.Core;
using Kv.Grpc;
using Kv.Node.Tests.Grpc.Proto;

namespace Kv.Node.Tests.Grpc;

/// <summary>Calls to a server without a connection.</summary>
public sealed class LocalCallTests : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private NotesServer _server = null!;
    private Notes.NotesClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await NotesServer.StartAsync();
        _client = new Notes.NotesClient(_server.Server.Local);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact]
    public async Task A_call_is_answered_and_counted()
    {
        Note answer = await _client.EchoAsync(new Note { Text = "hello", Number = 7 });
        Note empty = await _client.EchoAsync(new Note());

        Assert.Equal(("hello", 7, ""), (answer.Text, answer.Number, empty.Text));
        Assert.Equal(2, _server.Method("Echo").Counts.Started);
    }

    [Fact]
    public async Task Large_messages_pass_in_both_directions()
    {
        var note = new Note { Payload = ByteString.CopyFrom(new byte[2_000_000]) };
        Assert.Equal(note, await _client.EchoAsync(note));

        RpcException refused = await Assert.ThrowsAsync<RpcException>(
            async () => await _client.EchoAsync(new Note { Payload = ByteString.CopyFrom(new byte[2_200_000]) }));
        Assert.Equal(StatusCode.ResourceExhausted, refused.StatusCode);
        Assert.StartsWith("grpc: received message larger than max", refused.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refusals_and_faults_arrive_with_code_and_text()
    {
        RpcException refused = await Assert.ThrowsAsync<RpcException>(
            async () => await _client.EchoAsync(new Note { Text = "refuse", Number = (int)StatusCode.DataLoss }));
        RpcException fault = await Assert.ThrowsAsync<RpcException>(
            async () => await _client.EchoAsync(new Note { Text = "fault" }));

        Assert.Equal((StatusCode.DataLoss, "Möglich: 100 %\n"), (refused.StatusCode, refused.Status.Detail));
        Assert.Equal(StatusCode.Unknown, fault.StatusCode);
        Assert.Single(_server.Faults);
    }

    [Fact]
    public async Task Many_answers_come_and_then_the_reason_for_the_end()
    {
        using AsyncServerStreamingCall<Note> call = _client.Count(new Note { Number = 20_000, Text = "then refuse" });
        long last = 0;
        RpcException end = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            await foreach (Note note in call.ResponseStream.ReadAllAsync())
                Assert.Equal(++last, note.Number);
        });

        Assert.Equal((20_000, StatusCode.Aborted), (last, end.StatusCode));
        Assert.Equal(StatusCode.Aborted, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Both_sides_talk_at_once()
    {
        using AsyncDuplexStreamingCall<Note, Note> call = _client.Talk();
        for (int number = 0; number < 100; number++)
        {
            await call.RequestStream.WriteAsync(new Note { Number = number });
            Assert.True(await call.ResponseStream.MoveNext(default));
            Assert.Equal(number, call.ResponseStream.Current.Number);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext(default));
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task A_call_that_is_given_up_ends_and_its_method_is_told()
    {
        using var patience = new CancellationTokenSource();
        var waiting = new Note { Text = "wait" };
        Task<Note> call = _client.EchoAsync(waiting, cancellationToken: patience.Token).ResponseAsync;
        await _server.Arrived.WaitAsync(Patience);

        await patience.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call.WaitAsync(Patience));
        await _server.Cancelled.WaitAsync(Patience);
    }

    [Fact]
    public async Task Who_reads_no_more_answers_ends_the_call_by_disposing_of_it()
    {
        AsyncDuplexStreamingCall<Note, Note> call = _client.Talk();
        await call.RequestStream.WriteAsync(new Note());
        Assert.True(await call.ResponseStream.MoveNext(default).WaitAsync(Patience));
        await _server.Waiting.WaitAsync(Patience);

        call.Dispose();

        await _server.Cancelled.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_deadline_and_metadata_are_passed_on()
    {
        Note left = await _client.EchoAsync(
            new Note { Text = "deadline" }, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(100));
        RpcException late = await Assert.ThrowsAsync<RpcException>(async () => await _client.EchoAsync(
            new Note { Text = "wait" }, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddMilliseconds(50)));

        Assert.InRange(left.Number, 90, 100);
        Assert.Equal(StatusCode.DeadlineExceeded, late.StatusCode);
    }

    [Fact]
    public async Task Nothing_is_answered_before_the_server_has_started()
    {
        await using var server = new GrpcServer(new GrpcServerOptions());
        Assert.Throws<InvalidOperationException>(() => new Notes.NotesClient(server.Local).EchoAsync(new Note()));

        await server.StartAsync([new IPEndPoint(IPAddress.Loopback, 0)], TestContext.Current.CancellationToken);
        RpcException unknown = await Assert.ThrowsAsync<RpcException>(
            async () => await new Notes.NotesClient(server.Local).EchoAsync(new Note()));
        Assert.Equal(StatusCode.Unimplemented, unknown.StatusCode);
    }
}
