using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;

namespace Kv.Operator.Objects;

/// <summary>One cluster as its objects see it: names, addresses and what the specification comes to once everything
/// left out is filled in. Whatever needs a scheme or a host gets it from here, so that flags, probes, Services and
/// the operator's own calls cannot differ.</summary>
public sealed class ClusterLayout(V1KvCluster cluster, OperatorDefaults defaults)
{
    public const int ClientPort = 2379;
    public const int PeerPort = 2380;
    public const int MetricsPort = 2381;

    private const long QuotaMax = 8L << 30;

    public V1KvCluster Cluster => cluster;

    public KvClusterSpec Spec => cluster.Spec;

    public string Name => cluster.Name();

    public string Namespace => cluster.Namespace() ?? "default";

    public string Uid => cluster.Uid();

    public string PeerService => Names.PeerServiceOf(Name);

    public string ClientService => Names.ClientServiceOf(Name);

    public string AuthoritySecret => $"{Name}-ca";

    public string ClientTlsSecret => Spec.Tls?.Client?.SecretName ?? $"{Name}-client-tls";

    public string PeerTlsSecret => Spec.Tls?.Peer?.SecretName ?? $"{Name}-peer-tls";

    public string UserTlsSecret => $"{Name}-user-tls";

    public bool HasClientTls => Spec.Tls?.Client is not null;

    public bool HasPeerTls => Spec.Tls?.Peer is not null;

    public string ClientScheme => HasClientTls ? "https" : "http";

    public string PeerScheme => HasPeerTls ? "https" : "http";

    /// <summary>The image of a node: the one that is asked for, unless members may not be taken to it, or not yet.
    /// </summary>
    public string Image => VersionRefusal is null && !AwaitsSnapshot ? AskedImage : cluster.Status!.Image!;

    /// <summary>Why members stay with the image that they have; null if they need not.</summary>
    public string? VersionRefusal
    {
        get
        {
            if (!IsImageChange || AllowsAnyVersion)
                return null;
            Version? from = VersionSteps.Parse(cluster.Status!.Version) ?? VersionSteps.OfImage(cluster.Status.Image!);
            return VersionSteps.Refusal(from, AskedImage, VersionSteps.Parse(cluster.Status.DataVersion));
        }
    }

    /// <summary>The step to another version that is asked for; null if none is, or none that may be taken. Back to the
    /// image that all members have run is none.</summary>
    public UpgradeWanted? Upgrade
    {
        get
        {
            bool isUpgrade = IsImageChange && VersionRefusal is null &&
                !VersionSteps.AreCalledSame(cluster.Status!.Image!, AskedImage);
            return isUpgrade
                ? new UpgradeWanted(cluster.Status!.Image!, VersionSteps.NameOf(AskedImage))
                {
                    TakesSnapshot = Spec.Upgrade?.SnapshotBefore != false,
                    HasDestination = UpgradeDestination is not null,
                }
                : null;
        }
    }

    /// <summary>Where the snapshot before an upgrade is kept; null if nobody has said so.</summary>
    public SnapshotDestination? UpgradeDestination => Spec.Upgrade?.Destination ?? Spec.Snapshots?.Destination;

    /// <summary>Whether a snapshot comes before the image that is asked for.</summary>
    public bool AwaitsSnapshot =>
        Upgrade is { TakesSnapshot: true, HasDestination: true } upgrade &&
        !(cluster.Status!.UpgradeSnapshot is { Step: not nameof(UpgradeSnapshotStep.Taking) } done &&
            done.From == upgrade.From);

    private bool IsImageChange =>
        cluster.Status is { ClusterId: not null, Image: { } settled } && settled != AskedImage;

    /// <summary>Whether somebody said that he knows better which versions go together.</summary>
    public bool AllowsAnyVersion => cluster.GetAnnotation(Names.AllowUnsupportedUpgrade) == "true";

    /// <summary>Where the specification names none, the one that the cluster was begun with: a newer operator does not
    /// restart anybody.</summary>
    private string AskedImage => Spec.Image
        ?? (Spec.Version is { } version ? $"{defaults.ImageRepository}:{version}" : null)
        ?? cluster.Status?.Image
        ?? $"{defaults.ImageRepository}:{defaults.DefaultVersion}";

    public long VolumeBytes => new ResourceQuantity(Spec.Storage.Size).ToInt64();

    /// <summary>Where the specification says none, it follows the volumes, and not before all of them have grown.
    /// </summary>
    public long QuotaBytes => Spec.Storage.Quota is { } quota
        ? new ResourceQuantity(quota).ToInt64()
        : cluster.Status?.DefaultQuota ?? DefaultQuotaOf(VolumeBytes);

    public static long DefaultQuotaOf(long volumeBytes) => Math.Min(QuotaMax, volumeBytes / 4 * 3);

    public string HostOf(string member) => $"{member}.{PeerService}.{Namespace}.svc.{defaults.ClusterDomain}";

    public string PeerUrlOf(string member) => $"{PeerScheme}://{HostOf(member)}:{PeerPort}";

    public string ClientUrlOf(string member) => $"{ClientScheme}://{HostOf(member)}:{ClientPort}";

    /// <summary>The member whose peer URL this is; null if it is nobody of this cluster.</summary>
    public string? MemberAt(string peerUrl)
    {
        if (!Uri.TryCreate(peerUrl, UriKind.Absolute, out Uri? url))
            return null;
        string member = url.Host.Split('.')[0];
        return string.Equals(url.Host, HostOf(member), StringComparison.OrdinalIgnoreCase) ? member : null;
    }

    /// <summary>Names that certificates of the members are for.</summary>
    public IReadOnlyList<string> ServerNames() =>
    [
        ClientService,
        $"{ClientService}.{Namespace}",
        $"{ClientService}.{Namespace}.svc",
        $"{ClientService}.{Namespace}.svc.{defaults.ClusterDomain}",
        $"*.{PeerService}.{Namespace}.svc",
        $"*.{PeerService}.{Namespace}.svc.{defaults.ClusterDomain}",
        "localhost",
    ];

    public static string VolumeNameOf(string member) => $"data-{member}";

    /// <summary>Labels by which Services and budgets choose pods; never changed, as selectors cannot be.</summary>
    public Dictionary<string, string> Selector() => new()
    {
        [Names.AppName] = Names.AppNameValue,
        [Names.Cluster] = Name,
    };

    public Dictionary<string, string> Labels() => new()
    {
        [Names.AppName] = Names.AppNameValue,
        [Names.AppInstance] = Name,
        [Names.ManagedBy] = Names.FieldManager,
        [Names.Cluster] = Name,
    };

    /// <summary>Metadata of an object that goes with the cluster.</summary>
    public V1ObjectMeta OwnedMetadata(string name) => new()
    {
        Name = name,
        NamespaceProperty = Namespace,
        Labels = Labels(),
        Annotations = new Dictionary<string, string> { [Names.ClusterUid] = Uid },
        OwnerReferences = [cluster.MakeOwnerReference()],
    };
}
