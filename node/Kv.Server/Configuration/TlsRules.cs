using System.Net.Security;
using Kv.Server.Tls;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Configuration;

/// <summary>What can be wrong about TLS; in etcd's words where it has some. What no URL uses cannot be wrong, as
/// there.</summary>
internal static class TlsRules
{
    /// <summary>Adds what is wrong by the flags alone.</summary>
    public static void Check(Settings settings, TlsSettings tls, MemberSettings member)
    {
        CheckVersions(settings, tls, member);
        CheckListeners(tls, member, settings.Faults);
        if (UsesClientSide(tls, member))
            CheckSide("", tls.Client, tls.SelfSignedYears, settings.Faults);
        if (tls.Peer.IsUsed)
        {
            // Without a listener nobody connects, so nobody can be checked.
            bool listens = member.ListenPeerUrls.Any(url => url.IsTls);
            TlsFiles peer = tls.Peer with { DemandsCertificates = tls.Peer.DemandsCertificates && listens };
            CheckSide("peer-", peer, tls.SelfSignedYears, settings.Faults);
        }
    }

    /// <summary>Adds what is wrong with the files.</summary>
    public static void CheckFiles(
        TlsSettings tls, MemberSettings member, Func<string, byte[]> read, List<string> faults)
    {
        if (UsesClientSide(tls, member))
            CheckFiles("", "client-crl-file", tls.Client, read, faults);
        if (tls.Peer.IsUsed)
            CheckFiles("peer-", "peer-crl-file", tls.Peer, read, faults);
    }

    /// <summary>Adds what may not be what was meant.</summary>
    public static void AddNotices(TlsSettings tls, MemberSettings member, List<ConfigurationNotice> notices)
    {
        if (tls.Client is { IsAutomatic: true, IsGiven: true })
            notices.Add(new(LogLevel.Warning, "ignoring client auto TLS since certs given"));
        if (tls.Peer is { IsAutomatic: true, IsGiven: true })
            notices.Add(new(LogLevel.Warning, "ignoring peer auto TLS since certs given"));

        foreach (NodeUrl url in ClientUrls(member).Where(url => !url.IsTls))
            AddInClear(tls.Client, "scheme is http or unix while", "--client-cert-auth", ("client-url", url), notices);
        foreach (NodeUrl url in member.ListenPeerUrls.Where(url => !url.IsTls))
            AddInClear(tls.Peer, "scheme is HTTP while", "--peer-client-cert-auth", ("peer-url", url), notices);
    }

    private static IEnumerable<NodeUrl> ClientUrls(MemberSettings member) =>
        member.ListenClientUrls.Concat(member.ListenClientHttpUrls);

    private static bool UsesClientSide(TlsSettings tls, MemberSettings member) =>
        tls.Client.IsPresent && member.ServesClientsByTls;

    private static void CheckListeners(TlsSettings tls, MemberSettings member, List<string> faults)
    {
        foreach (NodeUrl url in ClientUrls(member).Where(url => url.IsTls && !tls.Client.IsPresent))
        {
            faults.Add(
                $"TLS key/cert (--cert-file, --key-file) must be provided for client url {url} with HTTPS scheme");
        }

        if (member.ListenMetricsUrls.Any(url => url.IsTls) && !tls.Client.IsPresent)
            faults.Add("client TLS key/cert (--cert-file, --key-file) must be provided for metrics secure url");
        foreach (NodeUrl url in member.ListenPeerUrls.Where(url => url.IsTls && !tls.Peer.IsPresent))
        {
            faults.Add(
                $"cannot listen on TLS for {url}: KeyFile and CertFile are not presented " +
                "(--peer-cert-file, --peer-key-file)");
        }
    }

    private static void CheckVersions(Settings settings, TlsSettings tls, MemberSettings member)
    {
        (string min, string max) = (settings.Text("tls-min-version"), settings.Text("tls-max-version"));
        if (min == "TLS1.3" && max == "TLS1.2")
            settings.Faults.Add($"min version ({min}) is greater than max version ({max})");

        IReadOnlyList<string> names = settings.List("cipher-suites");
        foreach (string name in names.Where(name => CipherSuiteNames.Find(name) is null))
            settings.Faults.Add($"unexpected TLS cipher suite \"{name}\"");
        if (names.Count == 0)
            return;
        if (min == "TLS1.3")
            settings.Faults.Add("cipher suites cannot be configured when only TLS1.3 is enabled");
        else if (UsesClientSide(tls, member) && !tls.CipherSuites.Any(IsOfHttp2))
            settings.Faults.Add(MissingOfHttp2);
    }

    private const string MissingOfHttp2 =
        "http2: TLSConfig.CipherSuites is missing an HTTP/2-required AES_128_GCM_SHA256 cipher (need at least one of "
        + "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 or TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256)";

    private static bool IsOfHttp2(TlsCipherSuite suite) => suite
        is TlsCipherSuite.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256
        or TlsCipherSuite.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;

    private static void CheckSide(string side, TlsFiles files, long selfSignedYears, List<string> faults)
    {
        bool isPair = (files.Certificate.Length == 0) == (files.Key.Length == 0);
        if (!isPair)
        {
            faults.Add(
                $"--{side}cert-file, --{side}key-file: KeyFile and CertFile must both be present" +
                $"[key: {files.Key}, cert: {files.Certificate}]");
        }

        if ((files.CallingCertificate.Length == 0) != (files.CallingKey.Length == 0))
        {
            faults.Add(
                $"--{side}client-cert-file, --{side}client-key-file: ClientKeyFile and ClientCertFile must both be " +
                $"present or both absent: key: {files.CallingKey}, cert: {files.CallingCertificate}]");
        }

        if (files.DemandsCertificates && files.TrustedAuthorities.Length == 0)
            faults.Add($"--{side}client-cert-auth needs --{side}trusted-ca-file: nobody is trusted without it");
        if (files.AllowedNames.Count > 0 && files.AllowedHosts.Count > 0)
        {
            faults.Add(
                "AllowedCNs and AllowedHostnames are mutually exclusive " +
                $"(cns=[{Quote(files.AllowedNames)}], hostnames=[{Quote(files.AllowedHosts)}])");
        }

        if (!files.IsToBeMade)
            return;
        if (files.ChecksClients)
        {
            faults.Add(
                $"--{side}auto-tls is for those who trust everybody: with --{side}client-cert-auth or " +
                $"--{side}trusted-ca-file, --{side}cert-file and --{side}key-file are needed");
        }

        if (selfSignedYears == 0)
            faults.Add("--self-signed-cert-validity: selfSignedCertValidity is invalid,it should be greater than 0");
    }

    private static void CheckFiles(
        string side, string crl, TlsFiles files, Func<string, byte[]> read, List<string> faults)
    {
        bool isPair = files.Certificate.Length > 0 && files.Key.Length > 0;
        if (isPair)
            Check($"{side}cert-file", () => TlsIdentity.Read(files.Certificate, files.Key, read));
        if (files.CallingCertificate.Length > 0 && files.CallingKey.Length > 0)
            Check($"{side}client-cert-file", () => TlsIdentity.Read(files.CallingCertificate, files.CallingKey, read));
        if (files.TrustedAuthorities.Length > 0)
            Check($"{side}trusted-ca-file", () => AuthorityFile.Read(files.TrustedAuthorities, read));
        if (files.Revoked.Length > 0)
            Check(crl, () => RevokedCertificates.Read(files.Revoked, read));

        void Check(string flag, Action load)
        {
            try
            {
                load();
            }
            catch (TlsFileException fault)
            {
                faults.Add($"--{flag}: {fault.Message}");
            }
        }
    }

    private static void AddInClear(
        TlsFiles files, string when, string flag, (string Key, NodeUrl Url) where, List<ConfigurationNotice> notices)
    {
        string url = where.Url.ToString();
        if (files.IsPresent)
        {
            string both = $"{when} key and cert files are present; ignoring key and cert files";
            notices.Add(new(LogLevel.Warning, both, where.Key, url));
        }

        if (files.DemandsCertificates)
        {
            notices.Add(new(
                LogLevel.Warning, $"{when} {flag} is enabled; ignoring client cert auth for this URL", where.Key, url));
        }
    }

    private static string Quote(IReadOnlyList<string> names) => string.Join(' ', names.Select(name => $"\"{name}\""));
}
