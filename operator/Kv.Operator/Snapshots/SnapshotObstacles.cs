using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;

namespace Kv.Operator.Snapshots;

/// <summary>Why a snapshot cannot be taken now: what is missing, in words that say what to do. All of it may come.
/// </summary>
public sealed class SnapshotObstacles(IKubernetesClient client)
{
    /// <returns>Null if nothing is in the way.</returns>
    public async Task<(string Reason, string Message)?> FindAsync(
        V1KvSnapshot snapshot, V1KvCluster? cluster, ClusterLayout layout, CancellationToken stop)
    {
        if (ProblemOf(snapshot.Spec) is { } problem)
            return ("InvalidSpec", problem);
        if (cluster is null)
            return ("ClusterMissing", $"There is no KvCluster {snapshot.Spec.Cluster} in this namespace.");
        if (cluster.DeletionTimestamp() is not null)
            return ("ClusterMissing", $"The KvCluster {snapshot.Spec.Cluster} is being deleted.");
        bool hasFormed = cluster.Status?.ClusterId is not null && SnapshotJob.ReadyMembers(cluster).Count > 0;
        if (!hasFormed)
            return ("ClusterNotReady", $"The KvCluster {snapshot.Spec.Cluster} has no member that serves yet.");

        if (SnapshotJob.TlsSecretOf(layout) is { } tls &&
            await MissingAsync(snapshot, tls, ["ca.crt", "tls.crt", "tls.key"], stop) is { } noTls)
        {
            return noTls;
        }

        return await FindAtPlaceAsync(snapshot, stop);
    }

    /// <summary>Of the place alone, which is all that counts for deleting.</summary>
    public async Task<(string Reason, string Message)?> FindAtPlaceAsync(
        V1KvSnapshot snapshot, CancellationToken stop)
    {
        var site = SnapshotSite.Of(snapshot);
        if (site.Claim is { } claim)
        {
            V1PersistentVolumeClaim? found =
                await client.GetAsync<V1PersistentVolumeClaim>(claim, snapshot.Namespace(), stop);
            return found is null || found.DeletionTimestamp() is not null
                ? ("ClaimMissing", $"There is no PersistentVolumeClaim {claim} in this namespace.")
                : null;
        }

        return site.Secret is { } secret
            ? await MissingAsync(snapshot, secret, S3Access.SecretKeys, stop)
            : null;
    }

    /// <summary>Checks again what the schema checks: an API server may be older than its rules.</summary>
    private static string? ProblemOf(KvSnapshotSpec spec)
    {
        SnapshotDestination destination = spec.Destination;
        if (destination.PersistentVolumeClaim is null == destination.S3 is null)
            return "Exactly one of spec.destination.persistentVolumeClaim and spec.destination.s3 is needed.";
        return spec.Deadline is not null && SpanText.Parse(spec.Deadline) is null
            ? $"spec.deadline is '{spec.Deadline}'; a time span such as 90m or 2h is needed."
            : null;
    }

    private async Task<(string Reason, string Message)?> MissingAsync(
        V1KvSnapshot snapshot, string name, IEnumerable<string> keys, CancellationToken stop)
    {
        V1Secret? secret = await client.GetAsync<V1Secret>(name, snapshot.Namespace(), stop);
        if (secret is null)
            return ("SecretMissing", $"There is no Secret {name} in this namespace.");
        string[] missing = [.. keys.Where(key => secret.Data?.ContainsKey(key) != true)];
        return missing.Length == 0
            ? null
            : ("SecretIncomplete", $"The Secret {name} lacks {string.Join(", ", missing)}.");
    }
}
