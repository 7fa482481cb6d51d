using System.Net.Security;
using System.Security.Authentication;

namespace Kv.Server.Configuration;

/// <summary>The part of <see cref="SettingsBinder"/> for TLS.</summary>
internal static class TlsBinder
{
    public static TlsSettings Bind(Settings settings) => new()
    {
        Client = Files(settings, "") with
        {
            Revoked = settings.Text("client-crl-file"),
            AllowedNames = settings.List("client-cert-allowed-cn"),
            AllowedHosts = settings.List("client-cert-allowed-hostname"),
        },
        Peer = Files(settings, "peer-") with
        {
            Revoked = settings.Text("peer-crl-file"),
            AllowedNames = settings.List("peer-cert-allowed-cn"),
            AllowedHosts = settings.List("peer-cert-allowed-hostname"),
            ChecksAddresses = !settings.Switch("peer-skip-client-san-verification")
                && !settings.Switch("experimental-peer-skip-client-san-verification"),
        },
        Versions = (settings.Text("tls-min-version"), settings.Text("tls-max-version")) switch
        {
            ("TLS1.3", _) => SslProtocols.Tls13,
            (_, "TLS1.2") => SslProtocols.Tls12,
            _ => SslProtocols.Tls12 | SslProtocols.Tls13,
        },
        CipherSuites = [.. settings.List("cipher-suites").Select(CipherSuiteNames.Find).OfType<TlsCipherSuite>()],
        SelfSignedYears = settings.Integer("self-signed-cert-validity"),
    };

    private static TlsFiles Files(Settings settings, string side) => new()
    {
        Certificate = settings.Text($"{side}cert-file"),
        Key = settings.Text($"{side}key-file"),
        CallingCertificate = settings.Text($"{side}client-cert-file"),
        CallingKey = settings.Text($"{side}client-key-file"),
        TrustedAuthorities = settings.Text($"{side}trusted-ca-file"),
        DemandsCertificates = settings.Switch($"{side}client-cert-auth"),
        IsAutomatic = settings.Switch($"{side}auto-tls"),
    };
}
