using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Kv.Server.Tls;

/// <summary>A certificate with its key and with those of its issuers that stand in the same file, which are shown with
/// it.</summary>
internal sealed class TlsIdentity
{
    private TlsIdentity(X509Certificate2 certificate, X509Certificate2Collection issuers)
    {
        Certificate = certificate;
        Context = SslStreamCertificateContext.Create(certificate, issuers, offline: true);
    }

    public X509Certificate2 Certificate { get; }

    public SslStreamCertificateContext Context { get; }

    /// <exception cref="TlsFileException">A file cannot be read, or they do not belong together.</exception>
    public static TlsIdentity Read(string certificatePath, string keyPath, Func<string, byte[]> read) =>
        Parse([TlsFile.Read(certificatePath, read), TlsFile.Read(keyPath, read)]);

    /// <summary>From the contents of both files, as PEM.</summary>
    /// <exception cref="TlsFileException">They do not hold what they should, or not together.</exception>
    public static TlsIdentity Parse(IReadOnlyList<TlsFile> files)
    {
        (TlsFile certificateFile, TlsFile keyFile) = (files[0], files[1]);
        string key = Encoding.Latin1.GetString(keyFile.Content);
        if (!PemEncoding.TryFind(key, out _))
            throw new TlsFileException($"{keyFile.Path}: tls: failed to find any PEM data in key input");

        X509Certificate2Collection all = certificateFile.ReadCertificates();
        if (all.Count == 0)
        {
            throw new TlsFileException(
                $"{certificateFile.Path}: tls: failed to find any PEM data in certificate input");
        }

        try
        {
            string certificates = Encoding.Latin1.GetString(certificateFile.Content);
            return new TlsIdentity(X509Certificate2.CreateFromPem(certificates, key), all);
        }
        catch (ArgumentException fault)
        {
            throw new TlsFileException(
                $"{certificateFile.Path}, {keyFile.Path}: tls: private key does not match public key", fault);
        }
        catch (CryptographicException fault)
        {
            throw new TlsFileException(
                $"{certificateFile.Path}, {keyFile.Path}: tls: failed to use the private key: {fault.Message}", fault);
        }
    }
}
