using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kv.Operator.Members;
using Kv.Operator.Trust;

namespace Kv.Operator.Tests.Members;

/// <summary>What is told of an etcd that does not answer.</summary>
public sealed class ForeignCallTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private static readonly DateTimeOffset Now = DateTimeOffset.UtcNow;

    private static readonly IssuedCertificate Authority =
        IssuedCertificate.MakeAuthority("authority of etcd", Now, TimeSpan.FromDays(1));

    private static readonly IssuedCertificate Leaf = Authority.Issue(
        "etcd", ["etcd.site"], Now, TimeSpan.FromDays(1), RandomNumberGenerator.GetBytes(16));

    /// <summary>In TLS 1.3 a server learns of a certificate only when its client holds the handshake for done, and the
    /// alert that says why it ends is often lost.</summary>
    [Fact]
    public async Task One_that_ends_the_connection_after_it_was_shown_a_certificate_may_not_trust_it()
    {
        using var listener = new TcpListener(IPAddress.Parse("127.91.7.2"), port: 0);
        listener.Start();
        using var over = new CancellationTokenSource(Patience);
        Task serving = ServeAsync(listener, over.Token);

        MemberCallException fault = await AskAsync(((IPEndPoint)listener.LocalEndpoint).Port);

        Assert.True(fault.IsUntrusted, fault.ToString());
        Assert.Contains("It may not trust the certificate that it is shown", fault.Message, StringComparison.Ordinal);
        await over.CancelAsync();
        await serving;
    }

    [Fact]
    public async Task One_that_is_not_there_is_not_said_to_distrust_anybody()
    {
        using var listener = new TcpListener(IPAddress.Parse("127.91.7.2"), port: 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();

        MemberCallException fault = await AskAsync(port);

        Assert.False(fault.IsUntrusted, fault.ToString());
    }

    private static async Task<MemberCallException> AskAsync(int port)
    {
        using var channels = new MemberChannels(TimeProvider.System);
        var endpoint = new MemberEndpoint("old-0", new Uri($"https://127.91.7.2:{port}"), "etcd.site")
        {
            Trust = new MemberTrust(Authority.Certificate, Leaf.Certificate, Leaf.Key),
        };
        return await Assert.ThrowsAsync<MemberCallException>(() =>
            new GrpcMemberCalls(channels, TimeProvider.System).AskForeignAsync(endpoint, CancellationToken.None));
    }

    // Shakes hands with all who come, and then ends the connection without a word.
    private static async Task ServeAsync(TcpListener listener, CancellationToken stop)
    {
        using var certificate = X509Certificate2.CreateFromPem(Leaf.Certificate, Leaf.Key);
        var options = new SslServerAuthenticationOptions
        {
            ServerCertificate = certificate,
            ClientCertificateRequired = true,
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            ApplicationProtocols = [SslApplicationProtocol.Http2],
        };
        try
        {
            while (true)
            {
                using TcpClient accepted = await listener.AcceptTcpClientAsync(stop);
                await using var stream = new SslStream(accepted.GetStream());
                await stream.AuthenticateAsServerAsync(options, stop);
            }
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }
    }
}
