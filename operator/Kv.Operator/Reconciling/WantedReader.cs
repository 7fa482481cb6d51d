using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>What the specification asks for, in the words of the plan. Checks again what the schema checks: an API
/// server may be older than its rules.</summary>
public static class WantedReader
{
    public static WantedCluster Read(ClusterLayout layout, PlanTimes times)
    {
        KvClusterSpec spec = layout.Spec;
        string? problem = ProblemOf(layout);
        DefragmentationSpec defragmentation = spec.Defragmentation ?? new DefragmentationSpec();
        return new WantedCluster
        {
            Name = layout.Name,
            Replicas = spec.Replicas,
            Template = problem is null ? MemberPod.HashOf(layout) : "",
            VolumeBytes = problem is null ? layout.VolumeBytes : 0,
            QuotaBytes = problem is null ? layout.QuotaBytes : 0,
            IsPaused = spec.Paused == true,
            IsDeleting = layout.Cluster.Metadata.DeletionTimestamp is not null,
            WhenScaled = FateOf(spec.Storage.Retention.WhenScaled),
            WhenDeleted = FateOf(spec.Storage.Retention.WhenDeleted),
            DefragmentFromBytes = problem is null && defragmentation.Enabled
                ? new ResourceQuantity(defragmentation.Threshold).ToInt64()
                : 0,
            Recovery = RecoveryRequest.Read(layout.Cluster.GetAnnotation(Names.Recover), layout.Uid),
            Version = layout.AllowsAnyVersion ? null : VersionSteps.OfImage(layout.Image),
            VersionRefusal = layout.VersionRefusal,
            Upgrade = layout.Upgrade,
            Adopts = spec.Bootstrap?.FromEtcd is not null,
            IsAdoptionFinal = spec.Bootstrap?.FromEtcd?.Finalize == true,
            Problem = problem,
            Times = times,
        };
    }

    private static string? ProblemOf(ClusterLayout layout)
    {
        KvClusterSpec spec = layout.Spec;
        if (spec.Replicas is < 1 or > 9)
            return $"spec.replicas is {spec.Replicas}; allowed are 1 to 9.";
        if (spec is { Image: not null, Version: not null })
            return "spec.image and spec.version are both given; an image names its own version.";
        if (layout.Name.Length > 40)
            return "metadata.name has more than 40 characters.";
        return ProblemOfQuantity("spec.storage.size", spec.Storage.Size)
            ?? ProblemOfQuantity("spec.storage.quota", spec.Storage.Quota)
            ?? ProblemOfQuantity("spec.defragmentation.threshold", spec.Defragmentation?.Threshold)
            ?? ProblemOfSource(spec.Bootstrap?.FromEtcd)
            ?? ProblemOfTls(spec.Tls);
    }

    private static string? ProblemOfQuantity(string field, string? text)
    {
        if (text is null)
            return null;
        bool isAmount = ResourceQuantity.TryParse(text, out ResourceQuantity? amount) &&
            amount!.ToDecimal() is >= 1 and <= long.MaxValue;
        return isAmount ? null : $"{field} is '{text}'; an amount of bytes such as 10Gi is needed.";
    }

    private static string? ProblemOfSource(EtcdSource? source)
    {
        if (source is null)
            return null;
        if (source.Endpoints.Count == 0)
            return "spec.bootstrap.fromEtcd.endpoints is empty.";
        string? wrong = source.Endpoints.FirstOrDefault(each =>
            !Uri.TryCreate(each, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"));
        return wrong is null
            ? null
            : $"spec.bootstrap.fromEtcd.endpoints has '{wrong}'; a URL such as http://10.0.0.7:2379 is needed.";
    }

    private static string? ProblemOfTls(TlsSpec? tls)
    {
        if (tls?.Client is { Issuer: CertificateIssuer.Secret, SecretName: null })
            return "spec.tls.client.secretName is needed when the issuer is Secret.";
        if (tls?.Client is { Issuer: CertificateIssuer.CertManager, IssuerRef: null })
            return "spec.tls.client.issuerRef is needed when the issuer is CertManager.";
        if (tls?.Peer is { Issuer: CertificateIssuer.CertManager, IssuerRef: null })
            return "spec.tls.peer.issuerRef is needed when the issuer is CertManager.";
        return tls?.Peer is { Issuer: CertificateIssuer.Secret, SecretName: null }
            ? "spec.tls.peer.secretName is needed when the issuer is Secret."
            : null;
    }

    private static VolumeFate FateOf(VolumeRetention retention) =>
        retention == VolumeRetention.Retain ? VolumeFate.Retain : VolumeFate.Delete;
}
