namespace Grpc.Core;

public delegate bool VerifyPeerCallback(VerifyPeerContext context);

public class VerifyPeerContext(string targetName, string peerPem)
{
    public string TargetName { get; } = targetName;

    public string PeerPem { get; } = peerPem;
}

public sealed class KeyCertificatePair(string certificateChain, string privateKey)
{
    public string CertificateChain { get; } = certificateChain;

    public string PrivateKey { get; } = privateKey;
}

/// <summary>TLS: which roots to trust (those of the system if null) and which certificate to present. All
/// PEM.</summary>
public sealed class SslCredentials(
    string? rootCertificates,
    KeyCertificatePair? keyCertificatePair,
    VerifyPeerCallback? verifyPeerCallback) : ChannelCredentials
{
    public SslCredentials()
        : this(rootCertificates: null, keyCertificatePair: null, verifyPeerCallback: null)
    {
    }

    public SslCredentials(string rootCertificates)
        : this(rootCertificates, keyCertificatePair: null, verifyPeerCallback: null)
    {
    }

    public SslCredentials(string rootCertificates, KeyCertificatePair? keyCertificatePair)
        : this(rootCertificates, keyCertificatePair, verifyPeerCallback: null)
    {
    }

    public string? RootCertificates { get; } = rootCertificates;

    public KeyCertificatePair? KeyCertificatePair { get; } = keyCertificatePair;

    internal override bool IsComposable => true;

    public override void InternalPopulateConfiguration(
        ChannelCredentialsConfiguratorBase configurator,
        object? state) =>
        configurator.SetSslCredentials(state, RootCertificates, KeyCertificatePair, verifyPeerCallback);
}
