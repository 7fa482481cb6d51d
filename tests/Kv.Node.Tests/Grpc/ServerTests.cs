using System.Net;
using System.Net.Sockets;
using System.Text;
using Grpc.Core;
using Grpc.Net.Client;
using Kv.Grpc;
using Kv.Node.Tests.Grpc.Proto;

namespace Kv.Node.Tests.Grpc;

/// <summary>Connections: which protocol they speak, how many there may be, how they end.</summary>
public sealed class ServerTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Plain_HTTP_is_served_on_the_same_port(string version)
    {
        await using NotesServer server = await NotesServer.StartAsync(new() { PlainHttp = AnswerAsync });
        using HttpClient http = new();
        var request = new HttpRequestMessage(HttpMethod.Post, server.Address + "/some%20path?a=1&b=x%20y&a=2")
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new StringContent("a body"),
        };
        using HttpResponseMessage response = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Accepted, response.StatusCode);
        Assert.Equal("text/plain", response.Content.Headers.ContentType!.MediaType);
        Assert.Equal($"POST /some path a=1,2 b=x y (6) {version == "2.0"}", await response.Content.ReadAsStringAsync());

        static async ValueTask AnswerAsync(PlainHttpCall call)
        {
            byte[]? body = await call.ReadBodyAsync(maxBytes: 100);
            string query = $"a={call.Query("a")} b={call.Query("b")}";
            await call.WriteAsync(
                (int)HttpStatusCode.Accepted,
                "text/plain",
                $"{call.Method} {call.Path} {query} ({body!.Length}) {call.IsHttp2}");
        }
    }

    [Fact]
    public async Task A_plain_response_may_be_a_stream_and_a_fault_ends_it_visibly()
    {
        var seen = new TaskCompletionSource();
        await using NotesServer server = await NotesServer.StartAsync(new() { PlainHttp = AnswerAsync });
        using HttpClient http = new();
        using HttpResponseMessage response = await http.GetAsync(
            server.Address + "/stream",
            HttpCompletionOption.ResponseHeadersRead);
        using Stream body = await response.Content.ReadAsStreamAsync();
        byte[] first = new byte[4];
        await body.ReadExactlyAsync(first);

        Assert.Equal("one\n"u8.ToArray(), first);
        seen.SetResult();
        await Assert.ThrowsAnyAsync<IOException>(() => body.ReadExactlyAsync(first).AsTask());
        Assert.Equal(HttpStatusCode.InternalServerError, (await http.GetAsync(server.Address + "/fault")).StatusCode);

        async ValueTask AnswerAsync(PlainHttpCall call)
        {
            if (call.Path == "/stream")
            {
                await call.ResponseBody.WriteAsync("one\n"u8.ToArray());
                await seen.Task;
            }

            throw new InvalidOperationException("on purpose");
        }
    }

    [Fact]
    public async Task A_server_without_plain_HTTP_has_nothing_there()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using HttpClient http = new();

        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(server.Address + "/health")).StatusCode);
    }

    [Fact]
    public async Task A_first_byte_at_a_time_is_enough_to_tell_the_protocol()
    {
        await using NotesServer server = await NotesServer.StartAsync(new GrpcServerOptions
        {
            PlainHttp = call => call.WriteAsync(200, "text/plain", call.Protocol),
        });
        using var client = new TcpClient { NoDelay = true };
        await client.ConnectAsync(IPAddress.Loopback, server.Port);
        NetworkStream stream = client.GetStream();
        using var reader = new StreamReader(stream, Encoding.ASCII);
        string answer = "";
        try
        {
            foreach (byte each in "PRINT / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8.ToArray())
                await stream.WriteAsync(new[] { each });
            answer = await reader.ReadToEndAsync();
        }
        catch (IOException)
        {
            // Dropped before all of it was sent.
        }

        // It began like HTTP/2's preface and turned out otherwise; who says PRI has chosen.
        Assert.DoesNotContain("HTTP/1.1 200", answer, StringComparison.Ordinal);

        using var other = new TcpClient { NoDelay = true };
        await other.ConnectAsync(IPAddress.Loopback, server.Port);
        foreach (byte each in "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"u8.ToArray())
            await other.GetStream().WriteAsync(new[] { each });
        using var second = new StreamReader(other.GetStream(), Encoding.ASCII);
        Assert.StartsWith("HTTP/1.1 200 OK", await second.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_never_says_anything_is_dropped()
    {
        await using NotesServer server = await NotesServer.StartAsync(new GrpcServerOptions
        {
            FirstBytesTimeout = TimeSpan.FromMilliseconds(100),
        });
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Port);

        await DropsAsync(client);
    }

    [Fact]
    public async Task A_thousand_connections_opened_and_dropped_leave_nothing_behind()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        byte[][] openings =
        [
            [],
            "P"u8.ToArray(),
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray(),
            "GET / HTTP/1.1\r\nHost: "u8.ToArray(),
            [0x16, 0x03, 0x01, 0x02, 0x00, 0x01], // a TLS client that took the wrong port
        ];
        for (int number = 0; number < 1000; number++)
        {
            using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, server.Port);
            await socket.SendAsync(openings[number % openings.Length]);
            socket.LingerState = new LingerOption(enable: number % 2 == 0, seconds: 0); // half of them by RST
        }

        using GrpcChannel channel = server.Channel();
        Assert.Equal(1, (await new Notes.NotesClient(channel).EchoAsync(new Note { Number = 1 })).Number);
        await server.Server.StopAsync(Patience).WaitAsync(Patience);
    }

    [Fact]
    public async Task A_stop_lets_calls_end_and_turns_new_ones_away()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using GrpcChannel channel = server.Channel();
        using AsyncDuplexStreamingCall<Note, Note> call = new Notes.NotesClient(channel).Talk();
        await call.RequestStream.WriteAsync(new Note { Number = 1 });
        Assert.True(await call.ResponseStream.MoveNext());

        Task stopped = server.Server.StopAsync(Patience);
        using GrpcChannel late = server.Channel();
        RpcException refused = await Assert.ThrowsAsync<RpcException>(async () =>
            await new Notes.NotesClient(late).EchoAsync(new Note()));
        Assert.Equal(StatusCode.Unavailable, refused.StatusCode);

        await call.RequestStream.WriteAsync(new Note { Number = 2 });
        Assert.True(await call.ResponseStream.MoveNext());
        Assert.Equal(2, call.ResponseStream.Current.Number);
        Assert.False(stopped.IsCompleted);
        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext());
        await stopped.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_stop_waits_no_longer_than_its_grace()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using GrpcChannel channel = server.Channel();
        AsyncUnaryCall<Note> call = new Notes.NotesClient(channel).EchoAsync(new Note { Text = "wait" });
        await server.Arrived.WaitAsync(Patience);

        await server.Server.StopAsync(TimeSpan.FromMilliseconds(100)).WaitAsync(Patience);
        await server.Cancelled.WaitAsync(Patience);
        await Assert.ThrowsAsync<RpcException>(async () => await call);
    }

    [Fact]
    public async Task An_idle_connection_stays_open()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, server.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0"u8.ToArray());
        byte[] buffer = new byte[1000];

        // What comes in the first second and a half are settings; then silence, and no GOAWAY (type 7).
        using var enough = new CancellationTokenSource(TimeSpan.FromSeconds(1.5));
        var received = new List<byte>();
        try
        {
            int read;
            while ((read = await stream.ReadAsync(buffer, enough.Token)) > 0)
                received.AddRange(buffer[..read]);
            Assert.Fail("The server ended the connection.");
        }
        catch (OperationCanceledException)
        {
            Assert.Equal([4, 8, 4], FrameTypes([.. received]));
        }
    }

    [Fact]
    public async Task A_port_in_use_is_reported()
    {
        await using NotesServer server = await NotesServer.StartAsync();
        await using var second = new GrpcServer(new GrpcServerOptions());

        IOException refused = await Assert.ThrowsAsync<IOException>(() =>
            second.StartAsync([new IPEndPoint(IPAddress.Loopback, server.Port)]));
        Assert.Equal($"listen 127.0.0.1:{server.Port}: bind: Address already in use", refused.Message);
    }

    [Fact]
    public void A_method_added_twice_is_a_mistake_but_a_raw_one_may_stand_in()
    {
        var server = new GrpcServer(new GrpcServerOptions());
        server.AddUnary("/kv.test.Notes/Echo", RawEcho.AnswerAsync);
        server.Add(Notes.BindService(new NothingNotes()));

        Assert.Equal(4, server.Methods.Count);
        Assert.Throws<ArgumentException>(() => server.Add(Notes.BindService(new NothingNotes())));
        Assert.Throws<ArgumentException>(() => server.AddUnary("Echo", RawEcho.AnswerAsync));
    }

    private static async Task DropsAsync(TcpClient client)
    {
        byte[] buffer = new byte[1];
        try
        {
            Assert.Equal(0, await client.GetStream().ReadAsync(buffer).AsTask().WaitAsync(Patience));
        }
        catch (IOException)
        {
            // Reset, which is as good.
        }
    }

    private static List<byte> FrameTypes(byte[] received)
    {
        var types = new List<byte>();
        for (int offset = 0; offset + 9 <= received.Length;)
        {
            types.Add(received[offset + 3]);
            offset += 9 + ((received[offset] << 16) | (received[offset + 1] << 8) | received[offset + 2]);
        }

        return types;
    }
}
