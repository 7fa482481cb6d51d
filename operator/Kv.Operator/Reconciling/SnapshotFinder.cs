using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Reconciling;

/// <summary>Finds out where the snapshot is that a cluster begins with, or is recovered with, and what stands against
/// reading it. Looks only while that matters: nothing is read for a cluster that has formed.</summary>
public sealed class SnapshotFinder(IKubernetesClient client)
{
    /// <returns>Nothing, a source, or what stands against it.</returns>
    public async Task<(RestoreSource? Source, string? Problem)> FindAsync(
        ClusterLayout layout, ClusterRecord record, RecoveryRequest? request, CancellationToken stop)
    {
        string asked = request is { Problem: null } ? request.Snapshot : "";
        string recovering = record.Recovery is { Step: RecoveryStep.Clearing or RecoveryStep.Seeding } under
            ? under.Snapshot
            : "";
        bool isToForm = record.ClusterId == 0;
        if (recovering.Length > 0 && isToForm)
            return await FindAsync(layout, recovering, SnapshotSource.DefaultBump, stop);
        if (asked.Length > 0 && !isToForm)
            return await FindAsync(layout, asked, SnapshotSource.DefaultBump, stop);
        if (!isToForm || layout.Spec.Bootstrap?.FromSnapshot is not { } wanted)
            return (null, null);

        if (wanted.Name is { } name)
            return await FindAsync(layout, name, wanted.BumpRevision, stop);
        return wanted.Location is { } location
            ? await CheckAsync(layout, SourceOf(location, wanted.BumpRevision), stop)
            : (null, "spec.bootstrap.fromSnapshot names no snapshot.");
    }

    private async Task<(RestoreSource? Source, string? Problem)> FindAsync(
        ClusterLayout layout, string name, long bump, CancellationToken stop)
    {
        V1KvSnapshot? snapshot = await client.GetAsync<V1KvSnapshot>(name, layout.Namespace, stop);
        if (snapshot is null)
            return (null, $"There is no KvSnapshot {name} in this namespace.");
        if (snapshot.Status is not { Phase: SnapshotReport.Done, Location.Length: > 0 })
        {
            string phase = snapshot.Status?.Phase is { Length: > 0 } known ? known : "not begun";
            return (null, $"The KvSnapshot {name} is not done: {phase}.");
        }

        return SourceOf(snapshot, bump) is { } source
            ? await CheckAsync(layout, source, stop)
            : (null, $"The KvSnapshot {name} is at {snapshot.Status.Location}, which is not understood.");
    }

    private async Task<(RestoreSource? Source, string? Problem)> CheckAsync(
        ClusterLayout layout, RestoreSource source, CancellationToken stop)
    {
        if (source.ClaimName is { } claim &&
            await client.GetAsync<V1PersistentVolumeClaim>(claim, layout.Namespace, stop) is null)
        {
            return (null, $"There is no PersistentVolumeClaim {claim}, which is to hold the snapshot.");
        }

        if (source.CredentialsSecret is not { } secretName)
            return (source, null);
        V1Secret? secret = await client.GetAsync<V1Secret>(secretName, layout.Namespace, stop);
        string[] missing =
        [
            .. S3Access.SecretKeys.Where(key => secret?.Data?.ContainsKey(key) != true),
        ];
        if (secret is null)
            return (null, $"There is no Secret {secretName} with the credentials of the snapshot's store.");
        return missing.Length == 0
            ? (source, null)
            : (null, $"The Secret {secretName} lacks {string.Join(" and ", missing)}.");
    }

    internal static RestoreSource SourceOf(SnapshotLocation location, long bump) => location switch
    {
        { PersistentVolumeClaim: { } claim } => new RestoreSource(VolumePreparation.UrlOf(claim.Path), bump)
        {
            ClaimName = claim.ClaimName,
        },
        _ => new RestoreSource(VolumePreparation.UrlOf(location.S3!.Bucket, location.S3.Key), bump)
        {
            CredentialsSecret = location.S3.CredentialsSecret,
            Endpoint = location.S3.Endpoint,
            Region = location.S3.Region,
        },
    };

    /// <summary>A snapshot tells a URL where it is in a store, and a path where it is in a volume.</summary>
    private static RestoreSource? SourceOf(V1KvSnapshot snapshot, long bump)
    {
        string location = snapshot.Status.Location!;
        SnapshotDestination destination = snapshot.Spec.Destination;
        if (destination.PersistentVolumeClaim is { } claim && !location.Contains("://", StringComparison.Ordinal))
        {
            string url = VolumePreparation.UrlOf(location.TrimStart('/'));
            return new RestoreSource(url, bump) { ClaimName = claim.ClaimName, Sha256 = HashOf(snapshot) };
        }

        return destination.S3 is { } store && location.StartsWith("s3://", StringComparison.Ordinal)
            ? new RestoreSource(location, bump)
            {
                Sha256 = HashOf(snapshot),
                CredentialsSecret = store.CredentialsSecret,
                Endpoint = store.Endpoint,
                Region = store.Region,
            }
            : null;
    }

    private static string? HashOf(V1KvSnapshot snapshot) =>
        snapshot.Status.Sha256 is { Length: > 0 } hash ? hash : null;
}
