using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;

namespace Kv.Operator.Snapshots;

/// <summary>The end of a KvSnapshot whose snapshot is to be deleted where it is kept: first whoever may still be
/// writing it ends, then a Job deletes it, then the object is let go.</summary>
internal sealed class SnapshotRemoval(IKubernetesClient client, ISnapshotEvents events, OperatorDefaults defaults)
{
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    private readonly SnapshotObstacles _obstacles = new(client);

    /// <returns>When to look again; null once the object has been let go.</returns>
    public async Task<TimeSpan?> AdvanceAsync(V1KvSnapshot snapshot, CancellationToken stop)
    {
        if (!snapshot.HasFinalizer(SnapshotNames.Finalizer))
            return null;
        if (await EndTakingAsync(snapshot, stop))
            return Soon;
        bool isToStay = snapshot.Spec.DeletionPolicy == SnapshotDeletion.Retain || snapshot.Status?.StartedAt is null;
        return isToStay ? await LetGoAsync(snapshot, stop) : await DeleteAsync(snapshot, stop);
    }

    /// <returns>Whether there is still somebody to be waited for.</returns>
    private async Task<bool> EndTakingAsync(V1KvSnapshot snapshot, CancellationToken stop)
    {
        V1Job? job = await client.GetAsync<V1Job>(SnapshotNames.TakeJobOf(snapshot), snapshot.Namespace(), stop);
        if (job is null || !job.IsOwnedBy(snapshot))
            return false;
        if (job.DeletionTimestamp() is null)
        {
            // In the foreground: the Job is gone when its pods are.
            await client.DeleteAsync(job, "Foreground", stop);
        }

        return true;
    }

    private async Task<TimeSpan?> DeleteAsync(V1KvSnapshot snapshot, CancellationToken stop)
    {
        V1Job? job = await client.GetAsync<V1Job>(SnapshotNames.DeleteJobOf(snapshot), snapshot.Namespace(), stop);
        if (job is not null)
            return await FollowAsync(snapshot, job, stop);

        if (await _obstacles.FindAtPlaceAsync(snapshot, stop) is { } obstacle)
        {
            if (obstacle.Reason == "ClaimMissing")
                return await LetGoAsync(snapshot, stop); // the volume took it along
            events.Publish(snapshot, isWarning: true, "DeletionBlocked",
                $"The snapshot cannot be deleted: {obstacle.Message} With spec.deletionPolicy: Retain it is left.");
            return Recheck;
        }

        V1KvCluster? cluster =
            await client.GetAsync<V1KvCluster>(snapshot.Spec.Cluster, snapshot.Namespace(), stop);
        var layout = new ClusterLayout(cluster ?? new V1KvCluster(), defaults);
        try
        {
            await client.CreateAsync(
                SnapshotJob.Delete(snapshot, layout), new WriteOptions { FieldManager = Names.FieldManager }, stop);
            return Recheck;
        }
        catch (KubernetesException there) when (there.IsAlreadyExists)
        {
            return Soon;
        }
        catch (KubernetesException ending) when (IsNamespaceEnding(ending))
        {
            return await LetGoAsync(snapshot, stop); // nothing can be made here any more, and nothing is to be held
        }
    }

    private async Task<TimeSpan?> FollowAsync(V1KvSnapshot snapshot, V1Job job, CancellationToken stop)
    {
        if (!job.IsOwnedBy(snapshot))
            return Recheck;
        if (SnapshotJob.IsComplete(job))
        {
            events.Publish(snapshot, isWarning: false, "SnapshotDeleted",
                $"The snapshot was deleted: {SnapshotSite.Of(snapshot).Location}");
            return await LetGoAsync(snapshot, stop);
        }

        if (SnapshotJob.FailureOf(job) is null)
            return Recheck;
        IList<V1Pod> pods = await client.ListAsync<V1Pod>(
            snapshot.Namespace(), $"{SnapshotNames.JobLabel}={job.Name()}", stop);
        events.Publish(snapshot, isWarning: true, "DeletionFailed",
            $"The snapshot could not be deleted: {JobAnswer.Of(pods, job).Trouble}");
        return TimeSpan.FromMinutes(1); // the Job is made again when its time is over
    }

    private async Task<TimeSpan?> LetGoAsync(V1KvSnapshot snapshot, CancellationToken stop)
    {
        V1KvSnapshot changed = KubernetesJson.Clone(snapshot);
        changed.Metadata.Finalizers!.Remove(SnapshotNames.Finalizer);
        try
        {
            await client.UpdateAsync(changed, stop);
        }
        catch (KubernetesException gone) when (gone.IsNotFound)
        {
            // An earlier pass has let it go.
        }

        return null;
    }

    private static bool IsNamespaceEnding(KubernetesException refused) =>
        refused.IsForbidden &&
        refused.Causes.Any(cause => cause.Reason == StatusReason.NamespaceTerminating);
}
