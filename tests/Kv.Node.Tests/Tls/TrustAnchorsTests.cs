using System.Security.Cryptography.X509Certificates;
using Kv.Grpc.Tls;
using Kv.Testing;

namespace Kv.Node.Tests.Tls;

/// <summary>Whom an authority vouches for, as Go would judge it.</summary>
public sealed class TrustAnchorsTests
{
    private const string Unknown = "x509: certificate signed by unknown authority";

    private static readonly TestAuthority Root = new("root");
    private static readonly TestAuthority Inter = new("inter", Root);
    private static readonly TestAuthority Twin = new("root");

    [Fact]
    public void Who_comes_from_an_anchor_is_trusted()
    {
        Assert.Null(Judge(Root.Issue("leaf"), [Root]));
        Assert.Null(Judge(Root.Issue("leaf", new CertificateWishes { IsRsa = true }), [Twin, Root]));
        Assert.Null(Judge(Inter.Issue("leaf"), [Root], sent: [Inter]));
        Assert.Null(Judge(Inter.Issue("leaf"), [Root, Inter]));
    }

    [Fact]
    public void An_anchor_may_be_an_intermediate_authority_or_the_certificate_itself()
    {
        TestCertificate leaf = Inter.Issue("leaf");

        Assert.Null(Judge(leaf, [Inter]));
        Assert.Null(Judge(leaf, [Inter], sent: [Inter, Root]));
        Assert.Null(Judge(leaf.Certificate, [leaf.Certificate], []));
    }

    [Fact]
    public void Who_comes_from_elsewhere_is_not()
    {
        Assert.Equal(Unknown, Judge(Root.Issue("leaf"), [Twin]));
        Assert.Equal(Unknown, Judge(Root.Issue("leaf"), []));
        Assert.Equal(Unknown, Judge(Inter.Issue("leaf"), [Root])); // who could tell that it is of the root?
        Assert.Equal(Unknown, Judge(Inter.Issue("leaf"), [Twin], sent: [Inter, Root]));
        Assert.Equal(Unknown, Judge(Root.Issue("leaf").Certificate, [Inter.Certificate], [Root.Certificate]));
    }

    [Fact]
    public void Who_only_says_so_is_not()
    {
        var forged = new CertificateWishes { IsForged = true };

        Assert.Equal(Unknown, Judge(Root.Issue("leaf", forged), [Root]));
        Assert.Equal(Unknown, Judge(Inter.Issue("leaf", forged), [Inter]));
        Assert.Equal(Unknown, Judge(Inter.Issue("leaf", forged), [Root], sent: [Inter]));

        // Forged one step above.
        var authority = new TestAuthority("inter", forged with { IsAuthority = true }, Root);
        Assert.Equal(Unknown, Judge(authority.Issue("leaf"), [Root], sent: [authority]));
    }

    [Fact]
    public void What_is_over_or_has_not_begun_counts_no_more_or_not_yet()
    {
        const string Fault = "x509: certificate has expired or is not yet valid";
        var over = new CertificateWishes { End = TimeSpan.FromMinutes(-1) };
        var early = new CertificateWishes { From = TimeSpan.FromMinutes(30) };

        Assert.Equal(Fault, Judge(Root.Issue("leaf", over), [Root]));
        Assert.Equal(Fault, Judge(Root.Issue("leaf", early), [Root]));
        Assert.Equal(Fault, Judge(Inter.Issue("leaf", over), [Inter]));

        var past = new TestAuthority("past", over with { IsAuthority = true }, issuer: null);
        Assert.Equal(Fault, Judge(past.Issue("leaf"), [past]));
        TestCertificate itself = Inter.Issue("leaf", over);
        Assert.Equal(Fault, Judge(itself.Certificate, [itself.Certificate], []));
    }

    [Fact]
    public void A_certificate_may_be_used_only_for_what_it_is_for()
    {
        const string Fault = "x509: certificate specifies an incompatible key usage";
        TestCertificate server = Root.Issue("leaf", new CertificateWishes { Uses = [TestAuthority.ServerUse] });
        TestCertificate client = Root.Issue("leaf", new CertificateWishes { Uses = [TestAuthority.ClientUse] });
        TestCertificate any = Root.Issue("leaf", new CertificateWishes { Uses = ["2.5.29.37.0"] });

        Assert.Equal(Fault, Judge(server, [Root], CertificateUse.Calling));
        Assert.Null(Judge(server, [Root], CertificateUse.Serving));
        Assert.Null(Judge(client, [Root], CertificateUse.Calling));
        Assert.Equal(Fault, Judge(client, [Root], CertificateUse.Serving));
        Assert.Null(Judge(any, [Root], CertificateUse.Calling));

        var serversOnly = new CertificateWishes { IsAuthority = true, Uses = [TestAuthority.ServerUse] };
        var authority = new TestAuthority("servers", serversOnly, Root);
        Assert.Equal(Fault, Judge(authority.Issue("leaf"), [Root], CertificateUse.Calling, [authority]));
    }

    /// <summary>Or everyone who has a certificate could make more.</summary>
    [Theory]
    [InlineData(false, true, true)]
    [InlineData(true, false, true)]
    [InlineData(true, true, false)]
    public void Only_an_authority_can_issue(bool isAuthority, bool hasConstraints, bool maySign)
    {
        var wishes = new CertificateWishes
        {
            IsAuthority = isAuthority,
            HasConstraints = hasConstraints,
            MaySign = maySign,
        };
        var client = new TestAuthority("client", wishes, Root);

        Assert.NotNull(Judge(client.Issue("leaf"), [Root], sent: [client]));
        Assert.Null(Judge(client.Certificate, [Root.Certificate], []));
    }

    [Fact]
    public void The_judgement_is_about_the_certificate_that_was_shown()
    {
        using var chain = new X509Chain { ChainPolicy = AnchorsOf([Root.Certificate]).NewPolicy() };
        Assert.True(chain.Build(Root.Issue("good").Certificate));

        Assert.Equal(
            Unknown,
            AnchorsOf([Root.Certificate]).FindFault(Twin.Issue("bad").Certificate, chain, CertificateUse.Calling));
    }

    private static string? Judge(
        TestCertificate certificate,
        TestAuthority[] anchors,
        CertificateUse use = CertificateUse.Calling,
        TestAuthority[]? sent = null) =>
        Judge(
            certificate.Certificate,
            [.. anchors.Select(each => each.Certificate)],
            [.. (sent ?? []).Select(each => each.Certificate)],
            use);

    private static string? Judge(
        X509Certificate2 certificate,
        X509Certificate2[] anchors,
        X509Certificate2[] sent,
        CertificateUse use = CertificateUse.Calling)
    {
        TrustAnchors trusted = AnchorsOf(anchors);
        using var chain = new X509Chain { ChainPolicy = trusted.NewPolicy() };
        chain.ChainPolicy.ExtraStore.AddRange(sent);
        chain.Build(certificate);
        return trusted.FindFault(certificate, chain, use);
    }

    private static TrustAnchors AnchorsOf(X509Certificate2[] anchors) =>
        TrustAnchors.FromPem(string.Join('\n', anchors.Select(each => each.ExportCertificatePem())));
}
