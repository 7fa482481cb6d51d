using System.Buffers.Binary;
using System.Net.Sockets;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Grpc;
using Kv.Node.Tests.Calls;
using Kv.Node.Tests.Grpc.Proto;
using Kv.Testing;

namespace Kv.Node.Tests.Grpc;

/// <summary>How much the calls of a server may hold, and what becomes of those that would hold more.</summary>
public sealed class CallBudgetTests
{
    private const int LargeBytes = 50_000;
    private const int MuchBytes = 200_000; // more than anybody keeps for a client that takes nothing
    private const string EchoPath = "/kv.test.Notes/Echo";

    private static readonly Status Full = new(StatusCode.ResourceExhausted, "too many requests");

    [Fact]
    public async Task A_call_too_many_is_refused_at_once_and_counted()
    {
        CallBudget budget = Budget(calls: 1);
        await using NotesServer server = await StartAsync(budget);
        using GrpcChannel channel = server.Channel();
        var client = new Notes.NotesClient(channel);
        using var stop = new CancellationTokenSource();
        AsyncUnaryCall<Note> waiting = client.EchoAsync(new Note { Text = "wait" }, cancellationToken: stop.Token);
        await server.Arrived;

        RpcException refused = await Assert.ThrowsAsync<RpcException>(
            () => client.EchoAsync(new Note()).ResponseAsync);
        Assert.Equal(Full, refused.Status);
        Assert.Equal(1, budget.Refused(CallLimit.Calls));
        Assert.Equal(1, server.Method("Echo").Counts.Handled(StatusCode.ResourceExhausted));
        Assert.Equal(2, server.Method("Echo").Counts.Started);

        await stop.CancelAsync();
        await Assert.ThrowsAsync<RpcException>(() => waiting.ResponseAsync);
        await Eventually.HoldsAsync(() => budget.Calls == 0, "nothing is under way");
        await client.EchoAsync(new Note());
    }

    [Fact]
    public async Task Who_is_first_in_line_is_never_refused()
    {
        CallBudget budget = Budget(calls: 0, bytes: 1);
        await using NotesServer server = await StartAsync(budget, method => method.Name == "Echo");
        using GrpcChannel channel = server.Channel();
        var client = new Notes.NotesClient(channel);

        Assert.Equal(LargeBytes, (await client.EchoAsync(Large())).Payload.Length);
        AsyncServerStreamingCall<Note> count = client.Count(new Note { Number = 1 });
        await Assert.ThrowsAsync<RpcException>(() => count.ResponseStream.MoveNext());
        await MustBeEmptyAsync(budget);
    }

    [Fact]
    public async Task A_large_request_is_refused_before_it_has_come()
    {
        CallBudget budget = Budget(bytes: LargeBytes);
        await using NotesServer server = await StartAsync(budget);
        using Socket first = Open(server);
        first.Send(RawHttp2.Call(1, NotesServer.RawPath));
        first.Send(Beginning(stream: 1, LargeBytes));
        await Eventually.HoldsAsync(() => budget.Bytes == LargeBytes, "what was announced is counted");

        using Socket second = Open(server);
        second.Send(RawHttp2.Call(1, NotesServer.RawPath));
        second.Send(Beginning(stream: 1, LargeBytes));
        new StreamEnds(second).Await(1);
        Assert.Equal(1, budget.Refused(CallLimit.Bytes));

        first.Dispose();
        await MustBeEmptyAsync(budget);
    }

    [Fact]
    public async Task One_connection_cannot_take_all_there_is()
    {
        CallBudget budget = Budget(bytes: 10 * LargeBytes, connectionBytes: LargeBytes);
        await using NotesServer server = await StartAsync(budget);
        using Socket greedy = Open(server);
        greedy.Send(RawHttp2.Call(1, NotesServer.RawPath));
        greedy.Send(Beginning(stream: 1, LargeBytes));
        await Eventually.HoldsAsync(() => budget.Bytes == LargeBytes, "what was announced is counted");
        greedy.Send(RawHttp2.Call(3, NotesServer.RawPath));
        greedy.Send(Beginning(stream: 3, LargeBytes));
        new StreamEnds(greedy).Await(1);
        Assert.Equal(1, budget.Refused(CallLimit.ConnectionBytes));

        using GrpcChannel channel = server.Channel();
        await new Notes.NotesClient(channel).EchoAsync(Large());
    }

    [Fact]
    public async Task What_a_client_does_not_take_counts_until_it_has_gone()
    {
        CallBudget budget = Budget();
        await using NotesServer server = await StartAsync(budget);
        using Socket slow = Open(server, answerWindow: 0);
        var ends = new StreamEnds(slow);
        AskForMuch(slow, stream: 1);
        await Eventually.HoldsAsync(() => budget.Bytes == MuchBytes, "the answer is counted");
        Assert.Equal(1, budget.Calls);

        byte[] room = BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(2 * MuchBytes));
        slow.Send(RawHttp2.Frame(RawHttp2.WindowUpdate, 0, 0, room));
        slow.Send(RawHttp2.Frame(RawHttp2.WindowUpdate, 0, 1, room));
        ends.Await(1);
        await MustBeEmptyAsync(budget);

        AskForMuch(slow, stream: 3);
        await Eventually.HoldsAsync(() => budget.Bytes == MuchBytes, "the second answer is counted");
        slow.Dispose();
        await MustBeEmptyAsync(budget);
    }

    [Fact]
    public async Task Nothing_is_held_once_all_calls_have_ended_however_they_did()
    {
        CallBudget budget = Budget();
        await using NotesServer server = await StartAsync(budget);
        using GrpcChannel channel = server.Channel(new() { MaxReceiveMessageSize = 1000 });
        var client = new Notes.NotesClient(channel);
        foreach (string text in new[] { "", "refuse", "fault", "set status", "headers", "large" })
        {
            Note note = Large();
            note.Text = text;
            note.Number = 7;
            await Record.ExceptionAsync(() => client.EchoAsync(note).ResponseAsync);
        }

        using (AsyncDuplexStreamingCall<Note, Note> talk = client.Talk())
        {
            await talk.RequestStream.WriteAsync(Large());
            await server.Arrived;
        }

        using var gzip = new HttpClient();
        byte[] zipped = Wire.Frame(Kv.Grpc.Wire.Gzip.Compress(Large().ToByteArray()).Span, flag: 1);
        HttpRequestMessage request = Wire.Request(server, EchoPath, zipped);
        request.Headers.Add("grpc-encoding", "gzip");
        using HttpResponseMessage answer = await gzip.SendAsync(request);
        await answer.Content.ReadAsByteArrayAsync();
        await new Notes.NotesClient(server.Server.Local).EchoAsync(Large());
        await MustBeEmptyAsync(budget);
    }

    [Fact]
    public void What_is_too_much_all_alone_is_let_through()
    {
        CallBudget budget = Budget(bytes: 10, connectionBytes: 5);
        var connection = new ConnectionLoad();
        Assert.True(budget.TryHold(100, connection));
        Assert.False(budget.TryHold(1, connection));
        Assert.Equal(100, budget.Bytes);
        budget.LetGo(100, connection);
        Assert.True(budget.TryHold(1, connection));
    }

    private static CallBudget Budget(
        int calls = 100, long bytes = 1 << 30, long connectionBytes = 1 << 30) =>
        new(new CallLimits(calls, bytes, connectionBytes), Full);

    private static Task<NotesServer> StartAsync(CallBudget budget, Func<GrpcMethod, bool>? isFirstInLine = null) =>
        NotesServer.StartAsync(new GrpcServerOptions { Budget = budget, IsFirstInLine = isFirstInLine });

    private static Note Large() => new() { Payload = ByteString.CopyFrom(new byte[LargeBytes]) };

    private static Socket Open(NotesServer server, int? answerWindow = null)
    {
        const byte InitialWindowSize = 4;
        byte[] settings = answerWindow is { } window
            ? [0, InitialWindowSize, .. BitConverter.GetBytes(BinaryPrimitives.ReverseEndianness(window))]
            : [];
        Socket socket = RawHttp2.Connect(server.Port);
        socket.Send([.. RawHttp2.Preface, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, settings)]);
        return socket;
    }

    // In frames of a size that every server takes.
    private static void AskForMuch(Socket socket, int stream)
    {
        const int FrameBytes = 10_000;
        socket.Send(RawHttp2.Call(stream, NotesServer.RawPath));
        byte[][] parts = [.. Wire.Frame(new byte[MuchBytes]).Chunk(FrameBytes)];
        for (int index = 0; index < parts.Length; index++)
        {
            byte flags = index == parts.Length - 1 ? RawHttp2.EndStream : (byte)0;
            socket.Send(RawHttp2.Frame(RawHttp2.Data, flags, stream, parts[index]));
        }
    }

    // A message's prefix, and none of its bytes.
    private static byte[] Beginning(int stream, int length)
    {
        byte[] prefix = new byte[5];
        BinaryPrimitives.WriteInt32BigEndian(prefix.AsSpan(1), length);
        return RawHttp2.Frame(RawHttp2.Data, 0, stream, prefix);
    }

    private static Task MustBeEmptyAsync(CallBudget budget) =>
        Eventually.HoldsAsync(() => budget is { Calls: 0, Bytes: 0 }, "nothing is held");
}
