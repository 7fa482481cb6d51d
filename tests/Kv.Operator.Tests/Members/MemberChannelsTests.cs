using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Etcdserverpb;
using Grpc.Core;
using Kv.Operator.Members;
using Kv.Operator.Trust;

namespace Kv.Operator.Tests.Members;

public sealed class MemberChannelsTests
{
    private const string Host = "demo-0.demo-peers.space.svc.cluster.local";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Pods are asked by their addresses, and their certificates are for names.</summary>
    [Fact]
    public async Task A_member_is_asked_at_its_address_by_the_name_in_its_certificate()
    {
        (string? asked, bool hasShown) = await GreetAsync("*.demo-peers.space.svc.cluster.local");

        Assert.Equal(Host, asked);
        Assert.True(hasShown);
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused()
    {
        Exception? fault = await Record.ExceptionAsync(() => GreetAsync("*.other-peers.space.svc.cluster.local"));

        // What the server sees of it: a refusal in the handshake, or a connection that ends after it.
        Assert.True(fault is IOException or AuthenticationException, fault?.ToString());
    }

    /// <summary>Lets a channel connect to a server with a certificate for that name.</summary>
    /// <returns>For which host it asked, and whether it showed a certificate.</returns>
    private static async Task<(string? Asked, bool HasShown)> GreetAsync(string name)
    {
        DateTimeOffset now = DateTimeOffset.UtcNow;
        var authority = IssuedCertificate.MakeAuthority("authority of demo", now, TimeSpan.FromDays(1));
        IssuedCertificate leaf = authority.Issue(
            "demo", [name], now, TimeSpan.FromDays(1), RandomNumberGenerator.GetBytes(16));
        using var listener = new TcpListener(IPAddress.Parse("127.91.7.1"), port: 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        using var channels = new MemberChannels(TimeProvider.System);
        var endpoint = new MemberEndpoint("demo-0", new Uri($"https://127.91.7.1:{port}"), Host)
        {
            Trust = new MemberTrust(authority.Certificate, leaf.Certificate, leaf.Key),
        };
        using var over = new CancellationTokenSource(Patience);
        using var call = new Maintenance.MaintenanceClient(channels.For(endpoint)).StatusAsync(
            new StatusRequest(), cancellationToken: over.Token);
        try
        {
            return await AcceptAsync(listener, leaf, over.Token);
        }
        catch (IOException ended)
        {
            var why = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.WaitAsync(Patience));

            // What the server sees of it does not say why.
            throw new IOException(why.Status.Detail, ended);
        }
        finally
        {
            await over.CancelAsync();
            await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync); // nobody answered
        }
    }

    private static async Task<(string? Asked, bool HasShown)> AcceptAsync(
        TcpListener listener, IssuedCertificate leaf, CancellationToken cancelled)
    {
        using TcpClient accepted = await listener.AcceptTcpClientAsync(cancelled);
        await using var stream = new SslStream(accepted.GetStream());
        using var certificate = X509Certificate2.CreateFromPem(leaf.Certificate, leaf.Key);
        await stream.AuthenticateAsServerAsync(
            new SslServerAuthenticationOptions
            {
                ServerCertificate = certificate,
                ClientCertificateRequired = true,
                RemoteCertificateValidationCallback = (_, shown, _, _) =>
                    shown is null || shown.GetRawCertDataString() == certificate.GetRawCertDataString(),
                ApplicationProtocols = [SslApplicationProtocol.Http2],
            },
            cancelled);

        // Whether the other side has accepted shows in what it says next: HTTP/2 begins with it.
        byte[] preface = new byte[3];
        await stream.ReadExactlyAsync(preface, cancelled);
        Assert.Equal("PRI"u8.ToArray(), preface);
        return (stream.TargetHostName, stream.RemoteCertificate is not null);
    }
}
