using Kv.Kubernetes;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>Whoever takes the snapshots that are asked for: each is begun in one turn of the world and over in the
/// next.</summary>
public sealed class SimulatedSnapshots(MemoryApi api, TimeProvider clock)
{
    /// <summary>What each waits for; empty for nothing.</summary>
    public string Awaited { get; set; } = "";

    /// <summary>Whether each fails.</summary>
    public bool DoFail { get; set; }


    public void Tick()
    {
        foreach (V1KvSnapshot snapshot in api.All<V1KvSnapshot>().Where(each => !SnapshotReport.IsOver(each)))
        {
            (string phase, string reason, string message) = (Awaited, snapshot.Status?.Phase, DoFail) switch
            {
                ({ Length: > 0 } awaited, _, _) => (SnapshotReport.Pending, "ClaimMissing", awaited),
                (_, not SnapshotReport.Running, _) => (SnapshotReport.Running, "Running", "It is taken."),
                (_, _, true) => (SnapshotReport.Failed, "JobFailed", "The snapshot failed: the disk is on fire"),
                _ => (SnapshotReport.Done, "Verified", "It is kept."),
            };
            api.Change<V1KvSnapshot>(snapshot.Name(), changed =>
            {
                changed.Status = SnapshotReport.Make(changed, phase, reason, message, clock.GetUtcNow());
                changed.Status.Verified = phase == SnapshotReport.Done ? true : null;
            });
        }
    }
}
