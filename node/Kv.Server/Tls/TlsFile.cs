using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Kv.Server.Tls;

/// <summary>What stands in a file, with its name for messages.</summary>
internal sealed record TlsFile(string Path, byte[] Content)
{
    /// <exception cref="TlsFileException">It cannot be read.</exception>
    public static TlsFile Read(string path, Func<string, byte[]> read)
    {
        try
        {
            return new TlsFile(path, read(path));
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw TlsFileException.Unreadable(path, fault);
        }
    }

    /// <summary>All certificates, in PEM, that the file holds among whatever else.</summary>
    /// <exception cref="TlsFileException">One of them is none.</exception>
    public X509Certificate2Collection ReadCertificates()
    {
        var certificates = new X509Certificate2Collection();
        try
        {
            certificates.ImportFromPem(Encoding.Latin1.GetString(Content));
            return certificates;
        }
        catch (CryptographicException fault)
        {
            throw new TlsFileException($"{Path}: x509: malformed certificate: {fault.Message}", fault);
        }
    }
}
