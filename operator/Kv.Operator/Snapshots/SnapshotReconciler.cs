using System.Net;
using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;

namespace Kv.Operator.Snapshots;

/// <summary>Brings one KvSnapshot to its end: waits for what is missing, writes down that it is begun, has a Job take
/// it, and writes down what the Job says. Whatever it does has a name that is always the same, so a pass that is
/// repeated, by an operator that knows nothing, finds what the one before has done.
/// <code>
/// Pending ──► Running ──► Verifying ──► Done
///    what is missing  │ the Job has ended, its answer is awaited
///                     └──► Failed
/// </code></summary>
public sealed class SnapshotReconciler(
    IKubernetesClient client, ISnapshotEvents events, OperatorDefaults defaults, TimeProvider clock)
{
    /// <summary>What is missing, and what a pod waits for, is looked at as often.</summary>
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan AtOnce = TimeSpan.FromMilliseconds(50);

    private readonly SnapshotObstacles _obstacles = new(client);
    private readonly SnapshotRemoval _removal = new(client, events, defaults);

    /// <returns>When to look again though nothing is heard; null for never.</returns>
    /// <exception cref="KubernetesException">The API refused something; to be tried again later.</exception>
    public async Task<TimeSpan?> ReconcileAsync(string @namespace, string name, CancellationToken stop)
    {
        V1KvSnapshot? snapshot = await client.GetAsync<V1KvSnapshot>(name, @namespace, stop);
        if (snapshot is null)
            return null;
        if (snapshot.DeletionTimestamp() is not null)
            return await _removal.AdvanceAsync(snapshot, stop);
        if (await KeepFinalizerAsync(snapshot, stop))
            return AtOnce;
        if (SnapshotReport.IsOver(snapshot))
            return null;

        V1KvCluster? cluster = await client.GetAsync<V1KvCluster>(snapshot.Spec.Cluster, @namespace, stop);
        var layout = new ClusterLayout(cluster ?? new V1KvCluster(), defaults);
        V1Job? job = await client.GetAsync<V1Job>(SnapshotNames.TakeJobOf(snapshot), @namespace, stop);
        if (job is not null)
            return await FollowAsync(snapshot, job, stop);

        if (await _obstacles.FindAsync(snapshot, cluster, layout, stop) is not { } obstacle)
            return await BeginAsync(snapshot, layout, stop);
        await ReportAsync(snapshot, SnapshotReport.Pending, obstacle.Reason, obstacle.Message, stop);
        return Recheck;
    }

    /// <summary>The object that is kept elsewhere is only held by a finalizer where it is to be deleted with this one.
    /// </summary>
    private async Task<bool> KeepFinalizerAsync(V1KvSnapshot snapshot, CancellationToken stop)
    {
        bool isWanted = snapshot.Spec.DeletionPolicy == SnapshotDeletion.Delete;
        if (snapshot.HasFinalizer(SnapshotNames.Finalizer) == isWanted)
            return false;
        V1KvSnapshot changed = KubernetesJson.Clone(snapshot);
        changed.Metadata.Finalizers ??= [];
        if (isWanted)
            changed.Metadata.Finalizers.Add(SnapshotNames.Finalizer);
        else
            changed.Metadata.Finalizers.Remove(SnapshotNames.Finalizer);
        await client.UpdateAsync(changed, stop);
        return true;
    }

    private async Task<TimeSpan?> BeginAsync(V1KvSnapshot snapshot, ClusterLayout layout, CancellationToken stop)
    {
        V1Job job = SnapshotJob.Take(snapshot, layout);
        snapshot = await ReportAsync(
            snapshot, SnapshotReport.Running, "Running", $"The Job {job.Name()} takes the snapshot.", stop);
        try
        {
            await client.CreateAsync(job, new WriteOptions { FieldManager = Names.FieldManager }, stop);
            return Recheck;
        }
        catch (KubernetesException there) when (there.IsAlreadyExists)
        {
            return Soon;
        }
        catch (KubernetesException refused) when (
            refused.IsInvalid || refused.IsForbidden || refused.Code == HttpStatusCode.BadRequest)
        {
            string message = $"The API refuses the Job of this snapshot: {refused.Status.Message}";
            await ReportAsync(snapshot, SnapshotReport.Pending, "NotAllowed", message, stop);
            return Recheck;
        }
    }

    private async Task<TimeSpan?> FollowAsync(V1KvSnapshot snapshot, V1Job job, CancellationToken stop)
    {
        if (!job.IsOwnedBy(snapshot))
        {
            string message = $"A Job named {job.Name()} exists that is not of this snapshot. Delete or rename it.";
            await ReportAsync(snapshot, SnapshotReport.Pending, "ForeignObject", message, stop);
            return Recheck;
        }

        IList<V1Pod> pods = await client.ListAsync<V1Pod>(
            snapshot.Namespace(), $"{SnapshotNames.JobLabel}={job.Name()}", stop);
        var answer = JobAnswer.Of(pods, job);
        if (answer.Revision is not null)
            return await FinishAsync(snapshot, answer, stop);
        if (SnapshotJob.FailureOf(job) is { } failed)
        {
            string reason = failed.Reason == "DeadlineExceeded" ? "DeadlineExceeded" : "JobFailed";
            string why = answer.Trouble ?? failed.Message ?? "it does not say why";
            await ReportAsync(snapshot, SnapshotReport.Failed, reason, $"The snapshot failed: {why}", stop);
            return null;
        }

        if (!SnapshotJob.IsComplete(job))
        {
            string message = answer.Trouble is { } trouble
                ? $"The Job {job.Name()} has trouble: {trouble}"
                : $"The Job {job.Name()} takes the snapshot.";
            await ReportAsync(snapshot, SnapshotReport.Running, "Running", message, stop);
            return Recheck;
        }

        await ReportAsync(
            snapshot, SnapshotReport.Verifying, "Verifying", "The Job has ended; its answer is awaited.", stop);
        bool isLost = !pods.Any(pod => pod.IsOwnedBy(job));
        if (isLost)
        {
            // With its pods its answer is gone; another Job finds what it has done.
            await client.DeleteAsync(job, "Background", stop);
        }

        return Soon;
    }

    private async Task<TimeSpan?> FinishAsync(V1KvSnapshot snapshot, JobAnswer answer, CancellationToken stop)
    {
        await ReportAsync(
            snapshot,
            SnapshotReport.Done,
            "Verified",
            $"The snapshot of revision {answer.Revision} is kept, and was found right.",
            stop,
            status =>
            {
                status.Revision = answer.Revision;
                status.Size = answer.Size;
                status.Sha256 = answer.Sha256;
                status.Verified = answer.IsVerified;
                status.Location = SnapshotSite.Of(snapshot).Location;
            });
        return null;
    }

    /// <summary>Writes the status if it says something new, and tells of it.</summary>
    private async Task<V1KvSnapshot> ReportAsync(
        V1KvSnapshot snapshot,
        string phase,
        string reason,
        string message,
        CancellationToken stop,
        Action<KvSnapshotStatus>? fill = null)
    {
        KvSnapshotStatus status = SnapshotReport.Make(snapshot, phase, reason, message, clock.GetUtcNow());
        fill?.Invoke(status);
        if (SnapshotReport.AreEqual(snapshot.Status, status))
            return snapshot;
        bool isNews = SnapshotReport.ReasonOf(snapshot) != reason;
        V1KvSnapshot changed = KubernetesJson.Clone(snapshot);
        changed.Status = status;
        V1KvSnapshot written = await client.UpdateStatusAsync(changed, stop);
        if (isNews)
        {
            bool isWarning = phase is SnapshotReport.Pending or SnapshotReport.Failed;
            events.Publish(written, isWarning, reason, message);
        }

        return written;
    }
}
