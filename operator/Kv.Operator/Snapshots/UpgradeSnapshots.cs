using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Planning;

namespace Kv.Operator.Snapshots;

/// <summary>The KvSnapshots that are taken before upgrades. They stay when the cluster is deleted, as all others do.
/// </summary>
public static class UpgradeSnapshots
{
    public static V1KvSnapshot Build(ClusterLayout layout, ClusterAction.TakeSnapshot take) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = take.Name,
            NamespaceProperty = layout.Namespace,
            Labels = new Dictionary<string, string>
            {
                [SnapshotNames.UpgradeLabel] = layout.Name,
                [Names.ManagedBy] = Names.FieldManager,
            },
            Annotations = new Dictionary<string, string>
            {
                [Names.ClusterUid] = layout.Uid,
                [SnapshotNames.AskedAt] = TimeConverter.ToText(take.At.UtcDateTime),
            },
        },
        Spec = new KvSnapshotSpec
        {
            Cluster = layout.Name,
            Destination = KubernetesJson.Clone(layout.UpgradeDestination!),
            Deadline = layout.Spec.Snapshots?.Deadline,
            DeletionPolicy = SnapshotDeletion.Delete,
        },
    };

    /// <summary>Looks for the one that is asked for; not, if none is awaited.</summary>
    /// <exception cref="KubernetesException">The API refused; to be tried again later.</exception>
    public static async Task<UpgradeSnapshotFound?> FindAsync(
        IKubernetesClient client,
        ClusterLayout layout,
        WantedCluster wanted,
        ClusterRecord record,
        CancellationToken stop)
    {
        bool isAwaited = wanted.Upgrade is { TakesSnapshot: true, HasDestination: true };
        if (!isAwaited || record.UpgradeSnapshot is not { Step: UpgradeSnapshotStep.Taking } asked)
            return null;
        return await client.GetAsync<V1KvSnapshot>(asked.Name, layout.Namespace, stop) is { } found
            ? Read(found, layout.Uid, asked)
            : null;
    }

    private static UpgradeSnapshotFound Read(V1KvSnapshot snapshot, string clusterUid, UpgradeSnapshot asked)
    {
        bool isOurs = snapshot.GetAnnotation(Names.ClusterUid) == clusterUid &&
            snapshot.GetAnnotation(SnapshotNames.AskedAt) == TimeConverter.ToText(asked.At.UtcDateTime);
        bool isOver = SnapshotReport.IsOver(snapshot) || snapshot.DeletionTimestamp() is not null;
        bool isGood = SnapshotReport.IsGood(snapshot) && snapshot.DeletionTimestamp() is null;
        bool isWaiting = snapshot.Status?.Phase == SnapshotReport.Pending;
        return new UpgradeSnapshotFound(isOurs)
        {
            IsGood = isGood,
            EndedAt = isOver ? new DateTimeOffset(Retention.TimeOf(snapshot), TimeSpan.Zero) : null,
            Trouble = (isOver && !isGood) || isWaiting ? snapshot.Status?.Message ?? "it is being deleted." : "",
        };
    }
}
