using System.Net;
using System.Net.Sockets;
using Kv.Grpc;

namespace Kv.Node.Tests.Tls;

/// <summary>GHSA-6vch-q96h-7gc3: whoever opened connections to a port with TLS, and said nothing, kept what etcd holds
/// for a handshake for as long as he liked.</summary>
public sealed class HandshakeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Theory]
    [InlineData("")]
    [InlineData("16")] // the first byte of a handshake
    [InlineData("160301010001")] // its first record, which never ends
    public async Task A_handshake_that_does_not_come_to_its_end_is_ended(string begun)
    {
        var options = new GrpcServerOptions { FirstBytesTimeout = TimeSpan.FromMilliseconds(300) };
        await using SecuredServer server = await SecuredServer.StartAsync(options: options);
        var clients = new List<TcpClient>();
        try
        {
            for (int index = 0; index < 50; index++)
            {
                var client = new TcpClient();
                clients.Add(client);
                await client.ConnectAsync(IPAddress.Loopback, server.Notes.Port);
                await client.GetStream().WriteAsync(Convert.FromHexString(begun));
            }

            foreach (TcpClient client in clients)
                await UntilEndedAsync(client);
        }
        finally
        {
            foreach (TcpClient client in clients)
                client.Dispose();
        }

        await server.EchoAsync("well"); // the others are served
    }

    [Fact]
    public void It_is_waited_for_no_longer_than_half_a_minute() =>
        Assert.InRange(new GrpcServerOptions().FirstBytesTimeout, TimeSpan.Zero, TimeSpan.FromSeconds(30));

    private static async Task UntilEndedAsync(TcpClient client)
    {
        byte[] buffer = new byte[256];
        try
        {
            while (await client.GetStream().ReadAsync(buffer).AsTask().WaitAsync(Patience) > 0)
            {
                // What it says before it ends is of no account.
            }
        }
        catch (IOException)
        {
            // Reset, which is as good.
        }
    }
}
