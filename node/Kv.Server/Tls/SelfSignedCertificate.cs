using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Kv.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Tls;

/// <summary>A certificate that the node makes for itself, in a folder of the data directory. It is made once, and again
/// when it is over.</summary>
internal sealed class SelfSignedCertificate(string folder, TimeProvider time, ILogger log)
{
    private const string ServerUse = "1.3.6.1.5.5.7.3.1";
    private const string ClientUse = "1.3.6.1.5.5.7.3.2";
    private const int DaysPerYear = 365;
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private readonly string _certificatePath = Path.GetFullPath(Path.Combine(folder, "cert.pem"));
    private readonly string _keyPath = Path.GetFullPath(Path.Combine(folder, "key.pem"));

    /// <summary>Makes the files if they are not there, and names them in place of those that were not given.</summary>
    /// <exception cref="IOException">They cannot be written, or what is there makes no sense.</exception>
    public TlsFiles Complete(TlsFiles files, IEnumerable<NodeUrl> hosts, long years)
    {
        if (!File.Exists(_certificatePath) || !File.Exists(_keyPath) || IsOver())
            Make([.. hosts.Where(url => !url.IsUnix).Select(url => url.Host)], years);
        return files with
        {
            Certificate = _certificatePath,
            Key = _keyPath,
            CallingCertificate = _certificatePath,
            CallingKey = _keyPath,
            IsSelfMade = true,
        };
    }

    private bool IsOver() =>
        TlsIdentity.Read(_certificatePath, _keyPath, File.ReadAllBytes).Certificate.NotAfter <= time.GetLocalNow();

    private void Make(IReadOnlyList<string> hosts, long years)
    {
        Directory.CreateDirectory(folder, OwnerOnly | UnixFileMode.UserExecute);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        DateTimeOffset now = time.GetUtcNow();
        DateTimeOffset end = EndOf(now, years);
        using X509Certificate2 certificate = Request(key, hosts).CreateSelfSigned(now, end);

        // Both or none: without a certificate a key is made anew, so the certificate goes first and comes last.
        File.Delete(_certificatePath);
        Write(_keyPath, key.ExportECPrivateKeyPem(), OwnerOnly);
        Write(
            _certificatePath,
            certificate.ExportCertificatePem(),
            OwnerOnly | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
        TlsLog.MadeCertificate(log, _certificatePath, _keyPath, end);
    }

    private static DateTimeOffset EndOf(DateTimeOffset now, long years)
    {
        double daysMax = Math.Floor((DateTimeOffset.MaxValue - now).TotalDays) - 1;
        return now.AddDays(Math.Min((double)years * DaysPerYear, daysMax));
    }

    private static CertificateRequest Request(ECDsa key, IReadOnlyList<string> hosts)
    {
        var request = new CertificateRequest("O=etcd", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (string host in hosts.Distinct())
        {
            if (IPAddress.TryParse(host, out IPAddress? address))
                names.AddIpAddress(address);
            else
                names.AddDnsName(host);
        }

        // It is its own authority, so that a client can be told to trust it, and nobody else's.
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(
            certificateAuthority: true, hasPathLengthConstraint: true, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyCertSign, critical: true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension(
            [new Oid(ServerUse), new Oid(ClientUse)], critical: false));
        if (hosts.Count > 0)
            request.CertificateExtensions.Add(names.Build());
        return request;
    }

    private static void Write(string path, string text, UnixFileMode mode)
    {
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = mode,
        });
        using var writer = new StreamWriter(file);
        writer.Write(text);
        writer.Write('\n');
        writer.Flush();
        file.Flush(flushToDisk: true);
    }
}
