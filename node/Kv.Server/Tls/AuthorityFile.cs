using Kv.Grpc.Tls;

namespace Kv.Server.Tls;

/// <summary>Reads the authorities that are trusted.</summary>
internal static class AuthorityFile
{
    /// <exception cref="TlsFileException">It cannot be read, or nobody is named there.</exception>
    public static TrustAnchors Read(string path, Func<string, byte[]> read) => Parse([TlsFile.Read(path, read)]);

    /// <exception cref="TlsFileException">Nobody is named there.</exception>
    public static TrustAnchors Parse(IReadOnlyList<TlsFile> files)
    {
        var anchors = new TrustAnchors(files[0].ReadCertificates());
        return anchors.Count > 0
            ? anchors
            : throw new TlsFileException(
                $"{files[0].Path}: failed to find any PEM data in it: nobody would be trusted");
    }
}
