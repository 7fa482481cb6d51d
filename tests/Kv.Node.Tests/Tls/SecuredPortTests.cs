using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Kv.Grpc;
using Kv.Node.Tests.Grpc;
using Kv.Testing;

namespace Kv.Node.Tests.Tls;

/// <summary>A port with TLS: which protocols are spoken there, and what becomes of those who speak something
/// else.</summary>
[Collection(nameof(AllocationTests))] // one of them measures the memory of the process
public sealed class SecuredPortTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly GrpcServerOptions TellsProtocol = new()
    {
        PlainHttp = call => call.WriteAsync(200, "text/plain", $"{call.Protocol} {call.IsTls}"),
    };

    [Theory]
    [InlineData("1.1", "HTTP/1.1 True")]
    [InlineData("2.0", "HTTP/2 True")]
    public async Task Both_versions_of_HTTP_are_agreed_on_in_the_handshake(string version, string expected)
    {
        await using SecuredServer server = await SecuredServer.StartAsync(options: TellsProtocol);
        using HttpClient http = Client();
        using var request = new HttpRequestMessage(HttpMethod.Get, server.Notes.Address + "/health")
        {
            Version = Version.Parse(version),
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        using HttpResponseMessage response = await http.SendAsync(request);

        Assert.Equal(expected, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Who_does_not_ask_for_a_protocol_may_speak_either()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(options: TellsProtocol);
        await using (SslStream http1 = await server.ConnectAsync())
        {
            await http1.WriteAsync("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"u8.ToArray());
            using var reader = new StreamReader(http1, Encoding.ASCII);
            string answer = await reader.ReadToEndAsync().WaitAsync(Patience);
            Assert.StartsWith("HTTP/1.1 200 OK", answer, StringComparison.Ordinal);
            Assert.EndsWith("HTTP/1.1 True", answer, StringComparison.Ordinal);
        }

        await using SslStream http2 = await server.ConnectAsync();
        foreach (byte each in RawHttp2.Preface)
            await http2.WriteAsync(new[] { each });
        await http2.WriteAsync(RawHttp2.Frame(RawHttp2.Settings, 0, 0, []));
        byte[] header = new byte[RawHttp2.FrameHeaderBytes];
        await http2.ReadExactlyAsync(header).AsTask().WaitAsync(Patience);
        Assert.Equal(RawHttp2.Settings, header[3]);
    }

    [Fact]
    public async Task A_protocol_that_is_not_spoken_is_refused_in_the_handshake()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();

        await Assert.ThrowsAnyAsync<AuthenticationException>(() => server.ConnectAsync(
            options => options.ApplicationProtocols = [new SslApplicationProtocol("http/0.9")]));
        await server.EchoAsync("well");
    }

    [Fact]
    public async Task Large_messages_pass_in_both_directions()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();
        using HttpClient http = Client();
        byte[] payload = new byte[2_000_000];
        new Random(1).NextBytes(payload);
        for (int round = 0; round < 5; round++)
        {
            HttpRequestMessage request = Wire.Request(server.Notes, NotesServer.RawPath, Wire.Frame([1, .. payload]));
            using HttpResponseMessage response = await http.SendAsync(request);
            byte[] answer = await response.Content.ReadAsByteArrayAsync();
            Assert.Equal(payload, answer[^payload.Length..]);
        }
    }

    [Fact]
    public async Task Who_comes_in_clear_is_told()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();
        using var http = new HttpClient();
        using HttpResponseMessage response = await http.GetAsync($"http://127.0.0.1:{server.Notes.Port}/health");

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("This port speaks TLS: use https.\n", await response.Content.ReadAsStringAsync());
        Assert.Contains("first record does not look like a TLS handshake", server.Log.Lines[^1]);

        using Socket http2 = RawHttp2.Connect(server.Notes.Port);
        http2.Send([.. RawHttp2.Preface, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, [])]);
        byte[] start = new byte[8];
        Assert.Equal(start.Length, http2.Receive(start));
        Assert.Equal("HTTP/1.1"u8.ToArray(), start);
        await server.EchoAsync("well");
    }

    [Fact]
    public async Task Ports_in_clear_and_with_TLS_stand_side_by_side()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();
        await using var both = new GrpcServer(TellsProtocol);
        await both.StartAsync(
        [
            new GrpcEndPoint(new IPEndPoint(IPAddress.Loopback, 0)),
            new GrpcEndPoint(new IPEndPoint(IPAddress.Loopback, 0), server.Tls.Clients),
        ]);
        using HttpClient http = Client();

        Assert.Equal("HTTP/1.1 False", await http.GetStringAsync($"http://{both.EndPoints[0]}/"));
        Assert.Equal("HTTP/1.1 True", await http.GetStringAsync($"https://{both.EndPoints[1]}/"));
    }

    [Fact]
    public async Task A_handshake_that_is_not_finished_in_time_is_given_up()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(
            options: new GrpcServerOptions { FirstBytesTimeout = TimeSpan.FromMilliseconds(200) });
        byte[] hello = await HelloAsync();
        foreach (byte[] beginning in new[] { [], hello[..1], hello[..50], hello })
        {
            using Socket socket = RawHttp2.Connect(server.Notes.Port);
            socket.Send(beginning);
            await DropsAsync(socket);
        }

        await server.EchoAsync("well");
    }

    [Fact]
    public async Task A_thousand_bad_handshakes_leave_nothing_behind()
    {
        const int Seed = 7;
        const int Warm = 300;
        const int Count = 1000;
        const int GrowthMaxBytes = 4 * 1024 * 1024;
        var random = new Random(Seed);
        await using SecuredServer server = await SecuredServer.StartAsync(SecuredServer.DemandsClients);
        byte[] hello = await HelloAsync();
        long before = 0;
        for (int number = 0; number < Warm + Count; number++)
        {
            if (number == Warm)
                before = GC.GetTotalMemory(forceFullCollection: true);
            using Socket socket = RawHttp2.Connect(server.Notes.Port);
            socket.Send(Garbage(number % 4, hello, random));
            socket.Shutdown(SocketShutdown.Send);
            await DropsAsync(socket);
        }

        long grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        Assert.InRange(grown, long.MinValue, GrowthMaxBytes);
        Assert.Equal("alice", await server.EchoAsync("who", server.Authority.Issue("alice")));
        await server.Notes.Server.StopAsync(Patience).WaitAsync(Patience);
    }

    [Fact]
    public async Task A_stop_does_not_wait_for_handshakes()
    {
        await using SecuredServer server = await SecuredServer.StartAsync();
        using Socket socket = RawHttp2.Connect(server.Notes.Port);
        socket.Send((await HelloAsync())[..20]);
        await server.EchoAsync("well");

        await server.Notes.Server.StopAsync(Patience).WaitAsync(Patience);
        await DropsAsync(socket);
    }

    private static byte[] Garbage(int kind, byte[] hello, Random random)
    {
        byte[] noise = new byte[random.Next(1, 3000)];
        random.NextBytes(noise);
        switch (kind)
        {
            case 0:
                return noise;
            case 1:
                noise[0] = 22;
                return noise;
            case 2:
                byte[] damaged = [.. hello];
                damaged[random.Next(damaged.Length)] ^= (byte)random.Next(1, 256);
                return damaged;
            default:
                return hello[..random.Next(1, hello.Length)];
        }
    }

    /// <summary>What a client says first.</summary>
    private static async Task<byte[]> HelloAsync()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        using var client = new TcpClient();
        await client.ConnectAsync((IPEndPoint)listener.LocalEndpoint);
        using TcpClient accepted = await listener.AcceptTcpClientAsync();
        using var stream = new SslStream(client.GetStream());
        Task handshake = stream.AuthenticateAsClientAsync("localhost");
        byte[] header = new byte[5];
        await accepted.GetStream().ReadExactlyAsync(header);
        byte[] body = new byte[(header[3] << 8) | header[4]];
        await accepted.GetStream().ReadExactlyAsync(body);
        accepted.Close();
        await Assert.ThrowsAnyAsync<Exception>(() => handshake);
        return [.. header, .. body];
    }

    private static async Task DropsAsync(Socket socket)
    {
        byte[] buffer = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(buffer).WaitAsync(Patience) > 0)
            {
                // An answer, an alert or the server's half of the handshake.
            }
        }
        catch (SocketException)
        {
            // Reset, which is as good.
        }
    }

    private static HttpClient Client() => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
        },
    });
}
