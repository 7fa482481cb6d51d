using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Kv.Server.Tokens;

/// <summary>Keys as PEM has them: PKCS#1, PKCS#8 or SEC 1 for private ones; PKIX, PKCS#1 or a certificate for public
/// ones.</summary>
internal static class KeyFile
{
    private const string Certificate = "CERTIFICATE";

    /// <summary>Makes a public key ready of what a file holds, by one of two ways.</summary>
    public static void ReadPublic<TKey>(
        TKey key, byte[] content, Action<TKey, X509Certificate2> takeCertificate)
        where TKey : AsymmetricAlgorithm => Read(content, text =>
        {
            if (PemEncoding.Find(text) is var found && text[found.Label] is not Certificate)
            {
                key.ImportFromPem(text);
                return;
            }

            using var certificate = X509Certificate2.CreateFromPem(text);
            takeCertificate(key, certificate);
        });

    public static void ReadPrivate(AsymmetricAlgorithm key, byte[] content) =>
        Read(content, text => key.ImportFromPem(text));

    /// <summary>Hands on the text of a file that holds PEM.</summary>
    /// <exception cref="JwtKeyException">It holds none, or not what is looked for.</exception>
    public static void Read(byte[] content, Action<string> parse)
    {
        string text = Encoding.Latin1.GetString(content);
        if (!PemEncoding.TryFind(text, out _))
            throw new JwtKeyException("invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key");
        try
        {
            parse(text);
        }
        catch (Exception fault) when (fault is ArgumentException or CryptographicException)
        {
            throw new JwtKeyException($"invalid key: {fault.Message}", fault);
        }
    }
}
