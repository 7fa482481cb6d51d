using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Snapshots;

/// <summary>The status of a snapshot. Phases and reasons are documented in the README; people alert on them.</summary>
public static class SnapshotReport
{
    public const string Pending = "Pending";
    public const string Running = "Running";
    public const string Verifying = "Verifying";
    public const string Done = "Done";
    public const string Failed = "Failed";

    /// <summary>Whether it stays as it is.</summary>
    public static bool IsOver(V1KvSnapshot snapshot) => snapshot.Status?.Phase is Done or Failed;

    /// <summary>Whether there is a snapshot, and a good one.</summary>
    public static bool IsGood(V1KvSnapshot snapshot) => snapshot.Status is { Phase: Done, Verified: true };

    public static KvSnapshotStatus Make(
        V1KvSnapshot snapshot, string phase, string reason, string message, DateTimeOffset now)
    {
        KvSnapshotStatus status = KubernetesJson.Clone(snapshot.Status ?? new KvSnapshotStatus());
        status.Phase = phase;
        status.Message = message;
        if (phase != Pending)
            status.StartedAt ??= now.UtcDateTime;
        if (phase is Done or Failed)
            status.CompletedAt ??= now.UtcDateTime;
        string isReady = phase == Done ? "True" : "False";
        V1Condition? before = status.Conditions?.FirstOrDefault(each => each.Type == "Ready");
        status.Conditions =
        [
            new V1Condition
            {
                Type = "Ready",
                Status = isReady,
                Reason = reason,
                Message = message,
                ObservedGeneration = snapshot.Generation(),
                LastTransitionTime = before?.Status == isReady ? before.LastTransitionTime : now.UtcDateTime,
            },
        ];
        return status;
    }

    public static string? ReasonOf(V1KvSnapshot snapshot) => snapshot.Status?.Conditions?.FirstOrDefault()?.Reason;

    public static bool AreEqual(KvSnapshotStatus? left, KvSnapshotStatus right) =>
        left is not null && KubernetesJson.Serialize(left) == KubernetesJson.Serialize(right);
}
