using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Trust;

/// <summary>What cert-manager is asked for; as much of its type as the operator writes and reads.</summary>
[KubernetesEntity(Group = "cert-manager.io", ApiVersion = "v1", Kind = "Certificate", PluralName = "certificates")]
public sealed class V1Certificate : CustomKubernetesEntity<CertificateSpec, CertificateStatus>;

public sealed class CertificateSpec : ApiModel
{
    /// <summary>The Secret that cert-manager writes.</summary>
    public string SecretName { get; set; } = "";

    public string? CommonName { get; set; }

    public IList<string>? DnsNames { get; set; }

    public IList<string>? IpAddresses { get; set; }

    public IList<string>? Usages { get; set; }

    public string? Duration { get; set; }

    public CertificatePrivateKey? PrivateKey { get; set; }

    public IssuerReference IssuerRef { get; set; } = new();
}

public sealed class CertificatePrivateKey : ApiModel
{
    public string? Algorithm { get; set; }

    public int? Size { get; set; }

    public string? RotationPolicy { get; set; }
}

public sealed class CertificateStatus : ApiModel
{
    public IList<V1Condition>? Conditions { get; set; }
}
