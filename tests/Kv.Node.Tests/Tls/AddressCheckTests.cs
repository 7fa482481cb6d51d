using System.Net;
using Kv.Server.Tls;
using Kv.Testing;

namespace Kv.Node.Tests.Tls;

public sealed class AddressCheckTests
{
    private static readonly TestAuthority Authority = new();

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.1", true, "127.0.0.1")]
    [InlineData("127.0.0.1", true, "10.0.0.1", "127.0.0.1")]
    [InlineData("127.0.0.1", false, "10.0.0.1")]
    [InlineData("::1", true, "::1")]
    [InlineData("::ffff:127.0.0.1", true, "127.0.0.1")]
    [InlineData("127.0.0.1", true, "localhost")]
    [InlineData("127.0.0.1", true, "10.0.0.1", "localhost")]
    [InlineData("192.0.2.1", false, "localhost")]
    [InlineData("127.0.0.1", false, "nowhere.invalid")]
    [InlineData("192.0.2.1", false, "*.nowhere.invalid")]
    public async Task Who_names_its_home_must_come_from_there(string from, bool isWelcome, params string[] hosts)
    {
        TestCertificate certificate = Authority.Issue("m1", new CertificateWishes { Hosts = hosts });
        string? fault = await AddressCheck.FindFaultAsync(
            certificate.Certificate, new IPEndPoint(IPAddress.Parse(from), 1), CancellationToken.None);

        Assert.Equal(isWelcome, fault is null);
    }
}
