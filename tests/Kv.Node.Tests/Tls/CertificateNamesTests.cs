using System.Formats.Asn1;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kv.Grpc.Tls;
using Kv.Testing;

namespace Kv.Node.Tests.Tls;

public sealed class CertificateNamesTests
{
    private static readonly TestAuthority Authority = new();

    [Theory]
    [InlineData("CN=alice", "alice")]
    [InlineData("CN=Jürgen Groß, O=etcd", "Jürgen Groß")]
    [InlineData("O=root", "")] // not taken for a common name, or who chooses its company would choose its user
    [InlineData("OU=root, O=root, emailAddress=root@example.com", "")]
    [InlineData("CN=\"a,b\"", "a,b")]
    public void The_common_name_is_the_common_name(string subject, string expected) =>
        Assert.Equal(expected, CertificateNames.CommonName(Authority.Issue(subject).Certificate));

    [Fact]
    public void One_that_shares_its_place_with_another_part_counts()
    {
        var subject = new AsnWriter(AsnEncodingRules.DER);
        using (subject.PushSequence())
        using (subject.PushSetOf())
        {
            Write("2.5.4.11", "x");
            Write("2.5.4.3", "both");
        }

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(
            new X500DistinguishedName(subject.Encode()), key, HashAlgorithmName.SHA256);
        DateTimeOffset now = TimeProvider.System.GetUtcNow();
        using X509Certificate2 certificate = request.CreateSelfSigned(now, now.AddDays(1));
        Assert.Equal("both", CertificateNames.CommonName(certificate));

        void Write(string id, string text)
        {
            using (subject.PushSequence())
            {
                subject.WriteObjectIdentifier(id);
                subject.WriteCharacterString(UniversalTagNumber.UTF8String, text);
            }
        }
    }

    [Fact]
    public void Of_several_the_last_counts_as_in_Go()
    {
        // X.500 text is written backwards: the first here is the last there.
        Assert.Equal("a", CertificateNames.CommonName(Authority.Issue("CN=a, CN=b").Certificate));
    }

    [Theory]
    [InlineData("a.example.com", true)]
    [InlineData("A.EXAMPLE.com.", true)]
    [InlineData("b.example.com", false)]
    [InlineData("x.wild.example.com", true)]
    [InlineData("x.y.wild.example.com", false)]
    [InlineData("wild.example.com", false)]
    [InlineData(".wild.example.com", false)]
    [InlineData("*.wild.example.com", true)]
    [InlineData("127.0.0.1", true)]
    [InlineData("127.0.0.2", false)]
    [InlineData("::1", true)]
    [InlineData("[::1]", true)]
    [InlineData("alice", false)] // the common name is no host
    [InlineData("", false)]
    [InlineData(".", false)]
    public void Hosts_are_those_of_the_alternative_names(string host, bool expected)
    {
        var wishes = new CertificateWishes { Hosts = ["a.example.com", "*.wild.example.com", "127.0.0.1", "::1"] };

        Assert.Equal(expected, CertificateNames.AreFor(Authority.Issue("alice", wishes).Certificate, host));
    }

    [Fact]
    public void What_is_not_there_is_empty()
    {
        Assert.Empty(CertificateNames.DnsNames(Authority.Issue("alice").Certificate));
        Assert.Empty(CertificateNames.Addresses(Authority.Issue("alice").Certificate));
        Assert.Equal(
            [IPAddress.Loopback],
            CertificateNames.Addresses(
                Authority.Issue("alice", new CertificateWishes { Hosts = ["127.0.0.1"] }).Certificate));
    }
}
