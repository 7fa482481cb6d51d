using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Kv.Server.Tls;
using Kv.Testing;

namespace Kv.Node.Tests.Tls;

/// <summary>What certificate, key, authority and revocation files may look like.</summary>
public sealed class TlsFilesTests
{
    private static readonly TestAuthority Root = new("root");
    private static readonly TestAuthority Inter = new("inter", Root);
    private static readonly TestCertificate Ec = Inter.Issue("ec");
    private static readonly TestCertificate Rsa = Inter.Issue("rsa", new CertificateWishes { IsRsa = true });

    public static TheoryData<string, string> Pairs => new()
    {
        { Ec.ChainPem, Ec.KeyPem },
        { Ec.ChainPem, Ec.OldKeyPem },
        { Rsa.ChainPem, Rsa.KeyPem },
        { Rsa.ChainPem, Rsa.OldKeyPem },
        { "Certificate:\n  Data: ...\n" + Ec.ChainPem.Replace("\n", "\r\n"), "Bag Attributes\n" + Ec.KeyPem },
        { Ec.ChainPem + Ec.KeyPem, Ec.ChainPem + Ec.KeyPem },
        {
            Ec.ChainPem,
            "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n" + Ec.OldKeyPem
        },
    };

    [Theory]
    [MemberData(nameof(Pairs))]
    public void A_certificate_and_its_key_are_read_with_those_of_its_issuers(string certificate, string key)
    {
        var identity = TlsIdentity.Parse([FileOf(certificate), FileOf(key)]);

        Assert.True(identity.Certificate.HasPrivateKey);
        Assert.Equal("CN=inter", Assert.Single(identity.Context.IntermediateCertificates).Subject);
    }

    public static TheoryData<string, string, string> BadPairs => new()
    {
        { "", Ec.KeyPem, "tls: failed to find any PEM data in certificate input" },
        { Ec.ChainPem, "", "tls: failed to find any PEM data in key input" },
        { Ec.ChainPem, Rsa.KeyPem, "" },
        { Rsa.ChainPem, Ec.OldKeyPem, "" },
        { Ec.ChainPem, Inter.Issue("other").KeyPem, "tls: private key does not match public key" },
        { Root.Pem, Ec.KeyPem, "tls: private key does not match public key" },
        { Ec.KeyPem, Ec.KeyPem, "tls: failed to find any PEM data in certificate input" },
        { Ec.ChainPem, Ec.ChainPem, "" },
        { "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", Ec.KeyPem, "x509: malformed certificate" },
        { Ec.ChainPem, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "" },
        { Ec.ChainPem[..(Ec.ChainPem.Length / 3)], Ec.KeyPem, "failed to find any PEM data in certificate input" },
        { Ec.ChainPem, Encrypted(), "" },
    };

    [Theory]
    [MemberData(nameof(BadPairs))]
    public void What_does_not_belong_together_is_refused(string certificate, string key, string reason)
    {
        var fault = Assert.Throws<TlsFileException>(() => TlsIdentity.Parse([FileOf(certificate), FileOf(key)]));

        Assert.Contains(reason, fault.Message);
        Assert.Contains("some.pem", fault.Message);
    }

    [Fact]
    public void A_file_that_cannot_be_read_is_named()
    {
        using var folder = new TempDirectory();
        var fault = Assert.Throws<TlsFileException>(() => TlsFile.Read(folder["absent"], File.ReadAllBytes));
        Assert.Equal($"open {folder["absent"]}: no such file or directory", fault.Message);

        fault = Assert.Throws<TlsFileException>(() => TlsFile.Read("x", _ => throw new UnauthorizedAccessException()));
        Assert.Equal("open x: permission denied", fault.Message);
    }

    [Fact]
    public void Authorities_may_be_many_but_not_none()
    {
        Assert.Equal(2, AuthorityFile.Parse([FileOf(Root.Pem + "# the old one\n" + new TestAuthority().Pem)]).Count);
        Assert.Throws<TlsFileException>(() => AuthorityFile.Parse([FileOf("")]));
        Assert.Throws<TlsFileException>(() => AuthorityFile.Parse([FileOf(Ec.KeyPem)]));
    }

    [Fact]
    public void Revoked_are_those_whose_serial_number_is_in_a_list()
    {
        TestCertificate[] certificates = [.. Enumerable.Range(0, 5).Select(number => Root.Issue($"{number}"))];
        string pem = TestAuthority.ToPem(Root.Revoke(certificates[0], certificates[1]))
            + "and of another\n" + TestAuthority.ToPem(Inter.Revoke(certificates[2]));

        var revoked = RevokedCertificates.Parse([FileOf(pem)]);
        Assert.Equal(
            [true, true, true, false, false], certificates.Select(each => revoked.Contains(each.Certificate)));

        byte[] der = Root.Revoke(certificates[3]);
        revoked = RevokedCertificates.Parse([new TlsFile("some.crl", der)]);
        Assert.Equal(
            [false, false, false, true, false], certificates.Select(each => revoked.Contains(each.Certificate)));
    }

    [Fact]
    public void A_list_may_be_empty()
    {
        var revoked = RevokedCertificates.Parse([new TlsFile("some.crl", Root.Revoke())]);
        Assert.False(revoked.Contains(Ec.Certificate));
    }

    [Fact]
    public void What_is_no_list_is_refused()
    {
        Assert.Throws<TlsFileException>(() => RevokedCertificates.Parse([FileOf("")]));
        Assert.Throws<TlsFileException>(() => RevokedCertificates.Parse([FileOf(Root.Pem)]));
        Assert.Throws<TlsFileException>(() => RevokedCertificates.Parse([FileOf(TestAuthority.ToPem([1, 2, 3]))]));
    }

    [Theory]
    [Seeds(200)]
    public void A_damaged_list_is_read_or_refused_but_nothing_else(int seed)
    {
        var random = new Random(seed);
        byte[] list = Root.Revoke(Enumerable.Range(0, random.Next(4)).Select(number => Root.Issue($"{number}")));
        for (int hit = random.Next(1, 4); hit > 0; hit--)
            list[random.Next(list.Length)] = (byte)random.Next(256);
        if (random.Next(2) == 0)
            list = list[..random.Next(list.Length)];

        try
        {
            RevokedCertificates.Parse([new TlsFile("some.crl", list)]);
        }
        catch (TlsFileException)
        {
            // As it should.
        }
    }

    private static TlsFile FileOf(string text) => new("some.pem", Encoding.UTF8.GetBytes(text));

    private static string Encrypted() => Ec.Certificate.GetECDsaPrivateKey()!.ExportEncryptedPkcs8PrivateKeyPem(
        "secret", new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, iterationCount: 1));
}
