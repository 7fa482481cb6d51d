using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Node.Tests.Grpc.Proto;

namespace Kv.Node.Tests.Grpc;

/// <summary>Our client against our server, through the code that Grpc.Tools generates.</summary>
public sealed class CallTests : IAsyncLifetime
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
    public async Task A_unary_call_is_answered()
    {
        Note answer = await _client.EchoAsync(new Note { Text = "hello", Number = 7 });

        Assert.Equal("hello", answer.Text);
        Assert.Equal(7, _client.Echo(new Note { Number = 7 }).Number); // and blocking
        Assert.Equal("", (await _client.EchoAsync(new Note())).Text); // and when both messages are empty
    }

    [Fact]
    public async Task A_client_may_send_many_messages_for_one_answer()
    {
        using AsyncClientStreamingCall<Note, Note> call = _client.Sum();
        for (int number = 1; number <= 1000; number++)
            await call.RequestStream.WriteAsync(new Note { Number = number });
        await call.RequestStream.CompleteAsync();

        Assert.Equal(500_500, (await call).Number);
    }

    [Fact]
    public async Task A_server_may_send_many_answers_to_one_message()
    {
        using AsyncServerStreamingCall<Note> call = _client.Count(new Note { Number = 1000 });
        var numbers = new List<long>();
        await foreach (Note note in call.ResponseStream.ReadAllAsync())
            numbers.Add(note.Number);

        Assert.Equal(Enumerable.Range(1, 1000).Select(number => (long)number), numbers);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Both_sides_may_take_turns()
    {
        using AsyncDuplexStreamingCall<Note, Note> call = _client.Talk();
        for (int turn = 0; turn < 100; turn++)
        {
            await call.RequestStream.WriteAsync(new Note { Number = turn });
            Assert.True(await call.ResponseStream.MoveNext());
            Assert.Equal(turn, call.ResponseStream.Current.Number);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task A_refusal_comes_with_its_code_and_text_in_any_letters()
    {
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await _client.EchoAsync(new Note { Text = "refuse", Number = (long)StatusCode.FailedPrecondition }));

        Assert.Equal(StatusCode.FailedPrecondition, thrown.StatusCode);
        Assert.Equal("Möglich: 100 %\n", thrown.Status.Detail);
    }

    [Fact]
    public async Task A_status_that_is_set_stands_in_for_the_answer()
    {
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await _client.EchoAsync(new Note { Text = "set status" }));

        Assert.Equal(new Status(StatusCode.DataLoss, "set"), thrown.Status);
    }

    [Fact]
    public async Task A_fault_tells_the_client_nothing_and_the_server_all()
    {
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(async () =>
            await _client.EchoAsync(new Note { Text = "fault" }));

        Assert.Equal(StatusCode.Unknown, thrown.StatusCode);
        Assert.DoesNotContain("secret", thrown.Status.Detail, StringComparison.Ordinal);
        Assert.Equal("A secret of the server.", Assert.Single(_server.Faults).Message);
    }

    [Fact]
    public async Task A_refusal_after_answers_comes_after_them()
    {
        using AsyncServerStreamingCall<Note> call = _client.Count(new Note { Text = "then refuse", Number = 2 });
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.True(await call.ResponseStream.MoveNext());
        RpcException thrown = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext());

        Assert.Equal(StatusCode.Aborted, thrown.StatusCode);
        Assert.Equal("all", thrown.Trailers.GetValue("after"));
        Assert.Equal("all", call.GetTrailers().GetValue("after"));
    }

    [Fact]
    public async Task A_server_may_end_a_call_while_its_client_still_sends()
    {
        using AsyncClientStreamingCall<Note, Note> call = _client.Sum();
        await call.RequestStream.WriteAsync(new Note { Text = "enough" });

        RpcException thrown = await Assert.ThrowsAsync<RpcException>(async () => await call);
        Assert.Equal(StatusCode.OutOfRange, thrown.StatusCode);
        await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new Note()));
    }

    [Fact]
    public async Task Metadata_travels_both_ways_as_text_and_as_bytes()
    {
        var headers = new Metadata { { "echo-text", "a, b" }, { "echo-bin", [0, 1, 254, 255] }, { "Other", "x" } };
        using AsyncUnaryCall<Note> call = _client.EchoAsync(new Note { Text = "headers" }, headers);
        Metadata early = await call.ResponseHeadersAsync;
        await call;
        Metadata trailers = call.GetTrailers();

        Assert.Equal("yes", early.GetValue("early"));
        Assert.Equal([0, 255], early.GetValueBytes("early-bin"));
        Assert.Equal("a, b", trailers.GetValue("echo-text"));
        Assert.Equal([0, 1, 254, 255], trailers.GetValueBytes("echo-bin"));
        Assert.Null(trailers.Get("other"));
    }

    [Fact]
    public async Task A_call_knows_its_peer_and_its_name()
    {
        Note answer = await _client.EchoAsync(new Note { Text = "peer" });

        Assert.Matches($"^ipv4:127.0.0.1:[0-9]+ 127.0.0.1:{_server.Port} /kv.test.Notes/Echo$", answer.Text);
    }

    [Fact]
    public async Task Compressed_requests_are_understood_and_answered_in_kind()
    {
        var headers = new Metadata { { "grpc-internal-encoding-request", "gzip" } };
        var note = new Note { Payload = ByteString.CopyFrom(new byte[500_000]) };
        using AsyncUnaryCall<Note> call = _client.EchoAsync(note, headers);

        Assert.Equal(500_000, (await call).Payload.Length);
        Assert.InRange(_server.Method("Echo").Counts.SentBytes, 500_000, 500_100); // counted as they were
    }

    [Fact]
    public async Task A_message_may_be_as_large_as_the_limit_and_no_larger()
    {
        var options = new GrpcChannelOptions { MaxReceiveMessageSize = 3_000_000 };
        using GrpcChannel channel = _server.Channel(options);
        var client = new Notes.NotesClient(channel);
        int most = 2_097_152 - 4; // less the tag and length of the field
        await client.EchoAsync(new Note { Payload = ByteString.CopyFrom(new byte[most]) });

        RpcException sent = await Assert.ThrowsAsync<RpcException>(async () =>
            await client.EchoAsync(new Note { Payload = ByteString.CopyFrom(new byte[most + 1]) }));
        RpcException received = await Assert.ThrowsAsync<RpcException>(async () =>
            await client.EchoAsync(new Note { Text = "large", Number = 3_000_000 }));

        Assert.Equal(StatusCode.ResourceExhausted, sent.StatusCode);
        Assert.Equal("grpc: received message larger than max (2097153 vs. 2097152)", sent.Status.Detail);
        Assert.Equal("grpc: received message larger than max (3000005 vs. 3000000)", received.Status.Detail);
    }

    [Fact]
    public async Task A_method_that_is_not_there_is_named_as_gRPC_for_Go_does()
    {
        var invoker = _channel.CreateCallInvoker();
        static Method<Note, Note> Method(string service, string name) => new(
            MethodType.Unary,
            service,
            name,
            Marshallers.Create(note => note.ToByteArray(), Note.Parser.ParseFrom),
            Marshallers.Create(note => note.ToByteArray(), Note.Parser.ParseFrom));

        RpcException noMethod = await Assert.ThrowsAsync<RpcException>(async () =>
            await invoker.AsyncUnaryCall(Method("kv.test.Notes", "Nothing"), null, default, new Note()));
        RpcException noService = await Assert.ThrowsAsync<RpcException>(async () =>
            await invoker.AsyncUnaryCall(Method("kv.None", "Nothing"), null, default, new Note()));

        Assert.Equal(
            new Status(StatusCode.Unimplemented, "unknown method Nothing for service kv.test.Notes"),
            noMethod.Status);
        Assert.Equal(new Status(StatusCode.Unimplemented, "unknown service kv.None"), noService.Status);
    }

    [Fact]
    public async Task Each_call_and_message_is_counted_once()
    {
        await _client.EchoAsync(new Note { Number = 1 });
        await Assert.ThrowsAsync<RpcException>(async () => await _client.EchoAsync(new Note { Text = "fault" }));
        using (AsyncServerStreamingCall<Note> call = _client.Count(new Note { Number = 3 }))
            Assert.Equal(3, await call.ResponseStream.ReadAllAsync().CountAsync());

        Kv.Grpc.CallCounts echo = _server.Method("Echo").Counts;
        Kv.Grpc.CallCounts count = _server.Method("Count").Counts;
        Assert.Equal((2, 2, 1), (echo.Started, echo.Received, echo.Sent));
        Assert.Equal((1, 1), (echo.Handled(StatusCode.OK), echo.Handled(StatusCode.Unknown)));
        Assert.Equal((1, 1, 3), (count.Started, count.Received, count.Sent));
        Assert.Equal(6, count.SentBytes);
        await _server.Server.StopAsync(Patience);
    }
}
