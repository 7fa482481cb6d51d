using System.Net.Sockets;
using Kv.Grpc;
using Kv.Testing;

namespace Kv.Node.Tests.Grpc;

/// <summary>Listening on a socket in the file system.</summary>
public sealed class UnixSocketTests : IDisposable
{
    private static readonly GrpcServerOptions Welcomes = new()
    {
        PlainHttp = call => call.WriteAsync(200, "text/plain", "welcome"),
    };

    private readonly TempDirectory _folder = new();

    private string SocketPath => _folder["a.sock"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_is_served_and_gone_afterwards()
    {
        await using (var server = new GrpcServer(Welcomes))
        {
            await server.StartAsync([new UnixDomainSocketEndPoint(SocketPath)]);
            Assert.Equal("welcome", await AskAsync());
        }

        Assert.False(File.Exists(SocketPath));
    }

    [Fact]
    public async Task One_that_was_left_behind_is_replaced()
    {
        // As a process leaves it that was killed: moved away from the name that its end removes.
        using (var left = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            left.Bind(new UnixDomainSocketEndPoint(_folder["b.sock"]));
            File.Move(_folder["b.sock"], SocketPath);
        }

        Assert.True(File.Exists(SocketPath));
        await using var server = new GrpcServer(Welcomes);
        await server.StartAsync([new UnixDomainSocketEndPoint(SocketPath)]);
        Assert.Equal("welcome", await AskAsync());
    }

    [Fact]
    public async Task One_that_is_in_use_and_what_is_no_socket_are_left_alone()
    {
        await using var server = new GrpcServer(Welcomes);
        await server.StartAsync([new UnixDomainSocketEndPoint(SocketPath)]);
        await using var second = new GrpcServer(Welcomes);
        await Assert.ThrowsAnyAsync<IOException>(() =>
            second.StartAsync([new UnixDomainSocketEndPoint(SocketPath)]));
        Assert.Equal("welcome", await AskAsync());

        File.WriteAllText(_folder["diary"], "dear");
        await using var third = new GrpcServer(Welcomes);
        await Assert.ThrowsAnyAsync<IOException>(() =>
            third.StartAsync([new UnixDomainSocketEndPoint(_folder["diary"])]));
        Assert.Equal("dear", File.ReadAllText(_folder["diary"]));
    }

    private async Task<string> AskAsync()
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancelled) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(SocketPath), cancelled);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
        return await http.GetStringAsync("http://localhost/");
    }
}
