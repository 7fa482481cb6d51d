using System.Text;
using Kv.Server.Tokens;

namespace Kv.Node.Tests.Tokens;

/// <summary>The keys that <c>--auth-token=jwt</c> can name. What is refused is what etcd refuses, but for keys that do
/// not belong together or to the algorithm, which some of its releases take.</summary>
public sealed class JwtKeyTests
{
    private static readonly byte[] Text = "what is signed"u8.ToArray();

    public static TheoryData<string> Algorithms => [.. JwtAlgorithm.Names];

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void What_one_half_signs_the_other_confirms(string algorithm)
    {
        JwtKey key = SomeKeys.Open(algorithm);
        byte[] signature = key.Sign(Text);
        Assert.True(key.CanSign);
        Assert.True(key.Verifies(Text, signature));
        Assert.False(key.Verifies("what was signed"u8.ToArray(), signature));
        Assert.False(key.Verifies(Text, []));
        Assert.False(key.Verifies(Text, signature[..^1]));
        Assert.False(key.Verifies(Text, [.. signature, 0]));
        for (int index = 0; index < signature.Length; index += signature.Length / 3)
        {
            byte[] other = [.. signature];
            other[index] ^= 1;
            Assert.False(key.Verifies(Text, other));
        }
    }

    /// <summary>RFC 8032 §7.1, the second test vector: one byte is signed.</summary>
    [Fact]
    public void Ed25519_signs_as_its_standard_says()
    {
        const string Expected = "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            + "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
        Assert.Equal(Expected, Convert.ToHexStringLower(SomeKeys.Open("EdDSA").Sign([0x72])));
    }

    [Theory]
    [InlineData("RS256")]
    [InlineData("PS512")]
    [InlineData("EdDSA")]
    public void A_public_key_alone_confirms_and_does_not_sign(string algorithm)
    {
        (byte[]? publicKey, _) = SomeKeys.For(algorithm);
        var key = JwtKey.Open(JwtAlgorithm.Find(algorithm)!, publicKey, null);
        Assert.False(key.CanSign);
        Assert.True(key.Verifies(Text, SomeKeys.Open(algorithm).Sign(Text)));
    }

    [Fact]
    public void Keys_come_in_all_forms_that_etcd_reads()
    {
        byte[] signature = Open("RS256", null, SomeKeys.RsaPkcs1).Sign(Text);
        Assert.True(Open("RS256", SomeKeys.RsaCertificate, null).Verifies(Text, signature));
        Assert.True(Open("RS256", SomeKeys.RsaCertificate, SomeKeys.RsaPrivate).CanSign);
        Assert.True(Open("ES256", null, SomeKeys.For("ES256").Private).CanSign);
    }

    [Theory]
    [MemberData(nameof(Algorithms))]
    public void Without_a_key_there_are_no_tokens(string algorithm)
    {
        Refuses("auth: missing key data", algorithm, null, null);
        if (algorithm.StartsWith('H'))
            Refuses("auth: missing key data", algorithm, SomeKeys.Secret, null);
    }

    [Fact]
    public void Keys_that_do_not_fit_are_refused()
    {
        byte[] noPem = SomeKeys.Secret;
        const string NoPem = "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key";
        foreach (string algorithm in (string[])["RS256", "ES256", "EdDSA"])
        {
            Refuses(NoPem, algorithm, null, noPem);
            Refuses(NoPem, algorithm, noPem, null);
        }

        const string Mismatch = "auth: public and private keys don't match";
        Refuses(Mismatch, "PS256", SomeKeys.OtherRsaPublic, SomeKeys.RsaPrivate);
        Refuses(Mismatch, "ES384", SomeKeys.For("ES384").Public, SomeKeys.For("ES384").Private);
        Refuses(Mismatch, "EdDSA", SomeKeys.EdwardsPublic(new string('a', 64)), SomeKeys.For("EdDSA").Private);

        Refuses("invalid key: ES256 needs a curve of 256 bits", "ES256", null, SomeKeys.For("ES384").Private);
        Refuses("invalid key", "RS256", null, SomeKeys.For("ES256").Private);
        Refuses("invalid key", "ES256", null, SomeKeys.RsaPrivate);
        Refuses("invalid key", "EdDSA", null, SomeKeys.RsaPrivate);
        Refuses("invalid key", "RS256", SomeKeys.For("ES256").Public, null);
        Refuses("invalid key: Key is not a valid RSA private key", "RS256", null, SomeKeys.RsaPublic);
        Refuses("invalid key: Key is not a valid ECDSA private key", "ES256", null, SomeKeys.For("ES256").Public!);
    }

    /// <summary>Whoever sees the message may see no key.</summary>
    [Fact]
    public void What_is_wrong_is_told_without_the_key()
    {
        string[] lines = Encoding.ASCII.GetString(SomeKeys.RsaPrivate).Split('\n');
        byte[] damaged = Encoding.ASCII.GetBytes(string.Join('\n', lines.Where((_, index) => index != 3)));
        JwtKeyException thrown = Assert.Throws<JwtKeyException>(() => Open("RS256", null, damaged));
        string told = thrown.ToString();
        Assert.DoesNotContain(lines, line => line.Length > 20 && told.Contains(line, StringComparison.Ordinal));
    }

    private static void Refuses(string message, string algorithm, byte[]? publicKey, byte[]? privateKey)
    {
        JwtKeyException thrown = Assert.Throws<JwtKeyException>(() => Open(algorithm, publicKey, privateKey));
        Assert.StartsWith(message, thrown.Message);
    }

    private static JwtKey Open(string algorithm, byte[]? publicKey, byte[]? privateKey) =>
        JwtKey.Open(JwtAlgorithm.Find(algorithm)!, publicKey, privateKey);
}
