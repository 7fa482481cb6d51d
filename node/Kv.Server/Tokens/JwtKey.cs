namespace Kv.Server.Tokens;

/// <summary>The key that tokens are signed and checked with, for one algorithm. Any thread may use it.</summary>
internal abstract class JwtKey(JwtAlgorithm algorithm)
{
    public JwtAlgorithm Algorithm => algorithm;

    /// <summary>False if there is only the public half: then tokens can be checked, and others make them.</summary>
    public abstract bool CanSign { get; }

    public abstract byte[] Sign(byte[] text);

    /// <summary>Says no to whatever is no signature; does not throw.</summary>
    public abstract bool Verifies(byte[] text, byte[] signature);

    /// <summary>Makes a key of the contents of files; null where none was given.</summary>
    /// <exception cref="JwtKeyException">They hold no such key, or two that do not belong together.</exception>
    public static JwtKey Open(JwtAlgorithm algorithm, byte[]? publicKey, byte[]? privateKey) => algorithm.Family switch
    {
        JwtFamily.Hmac => HmacKey.Open(algorithm, privateKey),
        JwtFamily.Ecdsa => EcdsaKey.Open(algorithm, publicKey, privateKey),
        JwtFamily.Edwards => EdwardsKey.Open(algorithm, publicKey, privateKey),
        _ => RsaKey.Open(algorithm, publicKey, privateKey),
    };
}
