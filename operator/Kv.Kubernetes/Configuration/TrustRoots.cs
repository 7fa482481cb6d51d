using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Kubernetes.Configuration;

/// <summary>The authorities that may vouch for the API server, and none beside them: those that the machine trusts
/// could vouch for anybody. A file is read again when a certificate does not fit, so that a rotated authority is found
/// without a restart.</summary>
public sealed class TrustRoots
{
    private readonly Func<byte[]> _read;
    private volatile X509Certificate2Collection _roots;

    private TrustRoots(Func<byte[]> read)
    {
        _read = read;
        _roots = Load(read());
    }

    /// <exception cref="KubeConfigException">There is no certificate in the text.</exception>
    public static TrustRoots OfPem(byte[] pem) => new(() => pem);

    /// <exception cref="KubeConfigException">The file cannot be read, or there is no certificate in it.</exception>
    public static TrustRoots OfFile(string path)
    {
        try
        {
            return new TrustRoots(() => File.ReadAllBytes(path));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new KubeConfigException($"The authorities of {path} cannot be read: {failure.Message}", failure);
        }
    }

    /// <summary>The authorities, in PEM.</summary>
    public byte[] ReadPem() => _read();

    internal bool Accept(X509Certificate? certificate, X509Chain? sent, SslPolicyErrors errors)
    {
        // Whose name it bears does not depend on who vouches for it.
        const SslPolicyErrors NeverAccepted =
            SslPolicyErrors.RemoteCertificateNotAvailable | SslPolicyErrors.RemoteCertificateNameMismatch;
        if ((errors & NeverAccepted) != 0 || certificate is not X509Certificate2 leaf)
            return false;
        if (IsVouchedFor(leaf, sent, _roots))
            return true;

        try
        {
            _roots = Load(_read());
        }
        catch (Exception failure) when (
            failure is IOException or UnauthorizedAccessException or KubeConfigException)
        {
            return false;
        }

        return IsVouchedFor(leaf, sent, _roots);
    }

    private static bool IsVouchedFor(X509Certificate2 leaf, X509Chain? sent, X509Certificate2Collection roots)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(roots);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        if (sent is not null)
        {
            chain.ChainPolicy.ExtraStore.AddRange(sent.ChainPolicy.ExtraStore);
            foreach (var element in sent.ChainElements)
                chain.ChainPolicy.ExtraStore.Add(element.Certificate);
        }

        return chain.Build(leaf);
    }

    private static X509Certificate2Collection Load(byte[] pem)
    {
        var roots = new X509Certificate2Collection();
        try
        {
            roots.ImportFromPem(System.Text.Encoding.ASCII.GetString(pem));
        }
        catch (CryptographicException failure)
        {
            throw new KubeConfigException($"The authorities are not in PEM: {failure.Message}", failure);
        }

        return roots.Count > 0
            ? roots
            : throw new KubeConfigException("There is no certificate among the authorities.");
    }
}
