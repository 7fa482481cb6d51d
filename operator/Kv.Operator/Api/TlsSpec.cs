using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

/// <summary>Nothing here is the default: a cluster without <c>spec.tls</c> speaks plain text.</summary>
[ValidationRule(
    "has(self.client) == has(oldSelf.client) && has(self.peer) == has(oldSelf.peer)",
    "spec.tls.client and spec.tls.peer cannot be added to or removed from an existing cluster")]
[ValidationRule(
    "!has(self.client) || self.client.issuer != 'Secret' || has(self.client.secretName)",
    "spec.tls.client.secretName is needed when spec.tls.client.issuer is Secret")]
[ValidationRule(
    "!has(self.peer) || self.peer.issuer != 'Secret' || has(self.peer.secretName)",
    "spec.tls.peer.secretName is needed when spec.tls.peer.issuer is Secret")]
[ValidationRule(
    "!has(self.client) || self.client.issuer != 'CertManager' || has(self.client.issuerRef)",
    "spec.tls.client.issuerRef is needed when spec.tls.client.issuer is CertManager")]
[ValidationRule(
    "!has(self.peer) || self.peer.issuer != 'CertManager' || has(self.peer.issuerRef)",
    "spec.tls.peer.issuerRef is needed when spec.tls.peer.issuer is CertManager")]
public sealed class TlsSpec : ApiModel
{
    [Description("Certificates that clients see.")]
    public ClientTlsSpec? Client { get; set; }

    [Description("Certificates between members; each always has to show one.")]
    public PeerTlsSpec? Peer { get; set; }
}

public sealed class ClientTlsSpec : ApiModel
{
    [Default]
    [Description("Who issues the certificates: the operator's own authority, a Secret of yours, or cert-manager.")]
    public CertificateIssuer Issuer { get; set; } = CertificateIssuer.Operator;

    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("Secret with tls.crt, tls.key and ca.crt, if that is the issuer.")]
    public string? SecretName { get; set; }

    [Description("Issuer of cert-manager, if that is the issuer.")]
    public IssuerReference? IssuerRef { get; set; }

    [Default]
    [Description("Whether clients have to show a certificate of the same authority.")]
    public bool RequireClientCertificate { get; set; }

    [ItemsMaximum(32)]
    [ItemPattern(Patterns.HostOrAddress, 253)]
    [Description("Host names and addresses that the certificates are also for.")]
    public IList<string>? ExtraNames { get; set; }
}

public sealed class PeerTlsSpec : ApiModel
{
    [Default]
    [Description("Who issues the certificates: the operator's own authority, a Secret of yours, or cert-manager.")]
    public CertificateIssuer Issuer { get; set; } = CertificateIssuer.Operator;

    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("Secret with tls.crt, tls.key and ca.crt, if that is the issuer.")]
    public string? SecretName { get; set; }

    [Description("Issuer of cert-manager, if that is the issuer.")]
    public IssuerReference? IssuerRef { get; set; }
}

public enum CertificateIssuer
{
    Operator,
    Secret,
    CertManager,
}

public enum IssuerKind
{
    Issuer,
    ClusterIssuer,
}

public sealed class IssuerReference : ApiModel
{
    [Required]
    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("Name of the issuer.")]
    public string Name { get; set; } = "";

    [Default]
    [Description("Whether the issuer is of the namespace or of the whole Kubernetes.")]
    public IssuerKind Kind { get; set; } = IssuerKind.Issuer;
}
