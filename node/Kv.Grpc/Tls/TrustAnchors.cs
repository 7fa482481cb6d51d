using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Kv.Grpc.Tls;

/// <summary>Authorities, and the judgement whether a certificate comes from one of them. Nobody else is trusted, the
/// system's authorities included, and nothing is fetched from anywhere. As in Go, an anchor need not be a root: whoever
/// names an intermediate authority trusts what that one has issued.
/// <code>
///   leaf ──► intermediate ──► root        the walk ends at the first that is an anchor,
///   [0]      [1]              [2]         and all up to there must be without fault
/// </code></summary>
public sealed class TrustAnchors
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";
    private const string AnyUse = "2.5.29.37.0";
    private const int FirstVersionWithExtensions = 3;
    private const string Unknown = "x509: certificate signed by unknown authority";

    // Who can make two inputs of one MD5 or SHA-1 has a certificate of whatever he likes.
    private static readonly HashSet<string> BrokenSignatures =
    [
        "1.2.840.113549.1.1.2", "1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10040.4.3",
        "1.2.840.10045.4.1",
    ];

    private readonly X509Certificate2Collection _certificates;
    private readonly HashSet<string> _hashes;
    private readonly bool _hasNamesakes;

    public TrustAnchors(X509Certificate2Collection certificates)
    {
        ArgumentNullException.ThrowIfNull(certificates);
        _certificates = certificates;
        _hashes = [.. certificates.Select(Hash)];
        _hasNamesakes = certificates.DistinctBy(each => each.Subject).Count() < certificates.Count;
    }

    /// <exception cref="CryptographicException">What stands there as a certificate is none.</exception>
    public static TrustAnchors FromPem(ReadOnlySpan<char> pem)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(pem);
        return new TrustAnchors(certificates);
    }

    public int Count => _certificates.Count;

    /// <summary>By which SslStream builds the chain that <see cref="FindFault"/> judges. Its own judgement does not
    /// matter.</summary>
    public X509ChainPolicy NewPolicy() => PolicyOf(_certificates);

    /// <summary>Why a certificate is not to be trusted, in Go's words; null if it is.</summary>
    /// <param name="certificate">The one that was shown.</param>
    /// <param name="chain">Built for it by <see cref="NewPolicy"/>.</param>
    public string? FindFault(X509Certificate2 certificate, X509Chain chain, CertificateUse use)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        ArgumentNullException.ThrowIfNull(chain);
        string? fault = FindFaultIn(chain, certificate, use);
        bool isTrusted = fault is null || (_hasNamesakes && IsTrustedByOne(certificate, chain, use));
        return isTrusted ? null : fault;
    }

    private static X509ChainPolicy PolicyOf(X509Certificate2Collection anchors)
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(anchors);
        return policy;
    }

    // An authority that renews its key keeps its name, and for a while both are trusted. Where a certificate does not
    // tell by which key it was signed, only one of them has been tried.
    private bool IsTrustedByOne(X509Certificate2 certificate, X509Chain chain, CertificateUse use)
    {
        foreach (X509Certificate2 anchor in _certificates)
        {
            using var tried = new X509Chain { ChainPolicy = PolicyOf([anchor]) };
            tried.ChainPolicy.ExtraStore.AddRange(chain.ChainPolicy.ExtraStore);
            tried.Build(certificate);
            if (FindFaultIn(tried, certificate, use) is null)
                return true;
        }

        return false;
    }

    private string? FindFaultIn(X509Chain chain, X509Certificate2 certificate, CertificateUse use)
    {
        X509ChainElementCollection elements = chain.ChainElements;
        if (elements.Count == 0 || !certificate.RawDataMemory.Span.SequenceEqual(elements[0].Certificate.RawData))
            return Unknown;

        for (int index = 0; index < elements.Count; index++)
        {
            X509Certificate2 each = elements[index].Certificate;
            string? fault = FaultOf(elements[index].ChainElementStatus) ?? FaultIn(each, use);
            if (fault is null && index > 0)
                fault = FaultOfIssuer(each);
            if (fault is not null)
                return fault;
            if (_hashes.Contains(Hash(each)))
                return null;
            if (BrokenSignatures.Contains(each.SignatureAlgorithm.Value ?? ""))
                return $"x509: cannot verify signature: insecure algorithm {each.SignatureAlgorithm.FriendlyName}";
        }

        return Unknown;
    }

    private static string? FaultOf(X509ChainStatus[] statuses)
    {
        // Whether the chain reaches an anchor, and what each certificate is for, is judged here and not there.
        const X509ChainStatusFlags Passed = X509ChainStatusFlags.PartialChain
            | X509ChainStatusFlags.UntrustedRoot | X509ChainStatusFlags.NotValidForUsage;
        foreach (X509ChainStatus status in statuses)
        {
            X509ChainStatusFlags left = status.Status & ~Passed;
            if ((left & X509ChainStatusFlags.NotTimeValid) != 0)
                return "x509: certificate has expired or is not yet valid";
            if ((left & X509ChainStatusFlags.NotSignatureValid) != 0)
                return Unknown;
            if (left != X509ChainStatusFlags.NoError)
                return $"x509: {left}: {status.StatusInformation}";
        }

        return null;
    }

    private static string? FaultIn(X509Certificate2 certificate, CertificateUse use)
    {
        string wanted = use == CertificateUse.Serving ? ServerUse : ClientUse;
        foreach (X509EnhancedKeyUsageExtension uses in certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>())
        {
            bool isFor = uses.EnhancedKeyUsages.Cast<Oid>().Any(each => each.Value == wanted || each.Value == AnyUse);
            if (!isFor)
                return "x509: certificate specifies an incompatible key usage";
        }

        return null;
    }

    // Who was given a certificate must not be able to issue others with it.
    private static string? FaultOfIssuer(X509Certificate2 certificate)
    {
        var constraints = certificate.Extensions.OfType<X509BasicConstraintsExtension>().FirstOrDefault();
        var uses = certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault();
        bool isAuthority = constraints?.CertificateAuthority ?? certificate.Version < FirstVersionWithExtensions;
        bool maySign = uses is null || (uses.KeyUsages & X509KeyUsageFlags.KeyCertSign) != 0;
        return isAuthority && maySign ? null : "x509: certificate is not authorized to sign other certificates";
    }

    private static string Hash(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);
}
