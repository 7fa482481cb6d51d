namespace Kv.Server.Tls;

/// <summary>A file of a certificate, key, authority or revocation list cannot be read, or holds
/// something else.</summary>
internal sealed class TlsFileException(string message, Exception? cause = null) : IOException(message, cause)
{
    public static TlsFileException Unreadable(string path, Exception cause) => new(
        cause switch
        {
            FileNotFoundException or DirectoryNotFoundException => $"open {path}: no such file or directory",
            UnauthorizedAccessException => $"open {path}: permission denied",
            _ => $"open {path}: {cause.Message}",
        },
        cause);
}
