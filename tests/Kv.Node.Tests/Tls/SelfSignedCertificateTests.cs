using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Kv.Grpc.Tls;
using Kv.Node.Tests.Configuration;
using Kv.Node.Tests.Logging;
using Kv.Server.Configuration;
using Kv.Server.Tls;
using Kv.Testing;

namespace Kv.Node.Tests.Tls;

public sealed class SelfSignedCertificateTests : IDisposable
{
    private readonly TempDirectory _folder = new();
    private readonly HeardLog _log = new();

    private string CertificatePath => _folder["data/fixtures/client/cert.pem"];

    private string KeyPath => _folder["data/fixtures/client/key.pem"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_is_made_for_the_hosts_of_the_listeners()
    {
        Load(TimeProvider.System, "--self-signed-cert-validity", "3");
        using X509Certificate2 made = X509CertificateLoader.LoadCertificateFromFile(CertificatePath);

        Assert.True(CertificateNames.AreFor(made, "127.0.0.1"));
        Assert.True(CertificateNames.AreFor(made, "::1"));
        Assert.True(CertificateNames.AreFor(made, "localhost"));
        Assert.False(CertificateNames.AreFor(made, "127.0.0.9"));
        Assert.InRange((made.NotAfter - made.NotBefore).TotalDays, (3 * 365) - 1, (3 * 365) + 1);
        Assert.Contains("Warning: automatically generate certificates", _log.Lines[0]);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, new FileInfo(KeyPath).UnixFileMode);
        Assert.False(Directory.Exists(_folder["data/fixtures/peer"]));
    }

    [Fact]
    public void It_is_kept_until_it_is_over()
    {
        Load(TimeProvider.System);
        byte[] first = File.ReadAllBytes(CertificatePath);
        Load(TimeProvider.System);
        Assert.Equal(first, File.ReadAllBytes(CertificatePath));

        Load(new LaterTime(TimeSpan.FromDays(366)));
        Assert.NotEqual(first, File.ReadAllBytes(CertificatePath));
        byte[] second = File.ReadAllBytes(CertificatePath);

        File.Delete(KeyPath);
        Load(TimeProvider.System);
        Assert.NotEqual(second, File.ReadAllBytes(CertificatePath));
    }

    [Fact]
    public void What_stands_there_and_makes_no_sense_is_not_written_over()
    {
        Load(TimeProvider.System);
        File.WriteAllText(KeyPath, "nonsense");

        Assert.Throws<TlsFileException>(() => Load(TimeProvider.System));
    }

    [Fact]
    public void It_lasts_no_longer_than_time_itself()
    {
        Load(TimeProvider.System, "--self-signed-cert-validity", "9223372036854775807");
        using X509Certificate2 made = X509CertificateLoader.LoadCertificateFromFile(CertificatePath);

        Assert.True(made.NotAfter.Year >= 9999);
    }

    [Fact]
    public async Task A_client_can_be_told_to_trust_it()
    {
        await using SecuredServer server = await SecuredServer.StartAsync(["--auto-tls"]);
        var anchors = TrustAnchors.FromPem(File.ReadAllText(server["data/fixtures/client/cert.pem"]));
        await using SslStream stream = await server.ConnectAsync(options =>
        {
            options.CertificateChainPolicy = anchors.NewPolicy();
            options.RemoteCertificateValidationCallback = (_, shown, chain, errors) =>
                (errors & SslPolicyErrors.RemoteCertificateChainErrors) == 0
                && anchors.FindFault((X509Certificate2)shown!, chain!, CertificateUse.Serving) is null;
        });

        Assert.True(stream.IsAuthenticated);
    }

    private void Load(TimeProvider time, params string[] more)
    {
        const string Urls = "https://127.0.0.1:1,https://[::1]:1,https://localhost:1,unixs://a.sock";
        NodeConfiguration configuration = ConfigurationReaderTests.Read(
        [
            "--data-dir", _folder["data"], "--auto-tls", "--listen-client-urls", Urls,
            "--advertise-client-urls", "https://127.0.0.1:1", .. more,
        ]);
        Assert.NotNull(NodeTls.Load(configuration, time, _log).Clients);
    }

    private sealed class LaterTime(TimeSpan by) : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => base.GetUtcNow() + by;
    }
}
