namespace Kv.Server.Tokens;

/// <summary>What was given to sign tokens with will not do. The message, in etcd's words where it has some, never
/// holds any of a key.</summary>
internal sealed class JwtKeyException(string message, Exception? cause = null) : Exception(message, cause)
{
    public static JwtKeyException Missing => new("auth: missing key data");

    public static JwtKeyException Mismatch => new("auth: public and private keys don't match");
}
