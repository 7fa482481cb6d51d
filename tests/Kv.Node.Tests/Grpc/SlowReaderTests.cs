using Grpc.Core;
using Grpc.Net.Client;
using Kv.Node.Tests.Grpc.Proto;

namespace Kv.Node.Tests.Grpc;

/// <summary>Clients that do not take what they asked for.</summary>
public sealed class SlowReaderTests
{
    private const int MessageBytes = 10_000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Between a server and a client that does not read lie only the window that the client granted, the
    /// buffers of two sockets, and a few of Kestrel's; so the writes stop after a few megabytes, and stay
    /// stopped.</summary>
    [Fact]
    public async Task A_client_that_does_not_read_holds_back_its_server()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using var handler = new SocketsHttpHandler { InitialHttp2StreamWindowSize = 65_535 };
        using GrpcChannel channel = server.Channel(new() { HttpHandler = handler });
        var client = new Notes.NotesClient(channel);
        AsyncServerStreamingCall<Note> call = client.Count(new Note { Text = "flood", Number = MessageBytes });
        await server.Arrived.WaitAsync(Patience);
        long flooded = await SettlesAsync(server);

        Assert.InRange(flooded * MessageBytes, 1, 8 * 1024 * 1024);

        // It costs nobody else anything, not even on the same connection.
        Assert.Equal(1, (await client.EchoAsync(new Note { Number = 1 })).Number);

        for (int taken = 0; taken < flooded + 10; taken++)
            Assert.True(await call.ResponseStream.MoveNext());
        Assert.True(server.Flooded > flooded); // reading sets it going again

        call.Dispose();
        await server.Cancelled.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_deadline_ends_the_wait_for_a_client_that_does_not_read()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using HttpClient http = new();
        HttpRequestMessage request = Wire.Request(
            server,
            "/kv.test.Notes/Count",
            new Note { Text = "flood", Number = MessageBytes });
        request.Headers.Add("grpc-timeout", "300m");
        using HttpResponseMessage response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

        await server.Cancelled.WaitAsync(Patience);
    }

    /// <summary>What a server says may wait for more to come does so, but not without end.</summary>
    [Fact]
    public async Task Hinted_messages_leave_when_enough_of_them_have_gathered()
    {
        const int Messages = 20_000; // of two or three bytes
        await using NotesServer server = await NotesServer.StartAsync();
        using GrpcChannel channel = server.Channel();
        using AsyncServerStreamingCall<Note> call =
            new Notes.NotesClient(channel).Count(new Note { Text = "hinted", Number = Messages });
        for (int number = 1; number <= Messages / 2; number++)
        {
            Assert.True(await call.ResponseStream.MoveNext().WaitAsync(Patience));
            Assert.Equal(number, call.ResponseStream.Current.Number);
        }
    }

    private static async Task<long> SettlesAsync(NotesServer server)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        using var patience = new CancellationTokenSource(Patience);
        long before;
        do
        {
            before = server.Flooded;
            await timer.WaitForNextTickAsync(patience.Token);
        }
        while (server.Flooded != before);
        return before;
    }
}
