using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Reconciling;

/// <summary>The conditions of a cluster. Types and reasons are documented in the README; people alert on them, and so
/// they do not change.</summary>
public static class Conditions
{
    private const string AllAsWanted = "AllAsWanted";

    private static readonly Dictionary<string, string> Reasons = new()
    {
        ["delete"] = "Deleting",
        ["pause"] = "Paused",
        ["specification"] = "InvalidSpec",
        ["take in hand"] = "Forming",
        ["foreign objects"] = "ForeignObject",
        ["recovery"] = "Recovering",
        ["recall"] = "Recalling",
        ["bootstrap"] = "Forming",
        ["lost data"] = "DataLost",
        ["clear away"] = "Repairing",
        ["reattach"] = "Repairing",
        ["refused recovery"] = "QuorumLost",
        ["source of the adoption"] = "Joining",
        ["quorum"] = "QuorumLost",
        ["corrupt member"] = "Repairing",
        ["full store"] = "MakingRoom",
        ["finish removal"] = "Removing",
        ["finish joining"] = "Joining",
        ["open to clients"] = "Joining",
        ["scale in the sick"] = "Scaling",
        ["repair"] = "Repairing",
        ["blocked removal"] = "Removing",
        ["members of the source"] = "Joining",
        ["members before the roll"] = "Rolling",
        ["scale out before a roll"] = "Scaling",
        ["upgrade without a snapshot"] = "Rolling",
        ["roll"] = "Rolling",
        ["scale"] = "Scaling",
        ["blocked joining"] = "Joining",
        ["finalize"] = "Finalizing",
        ["grow volumes"] = "GrowingVolumes",
        ["still full"] = "MakingRoom",
        ["pods that end"] = "Repairing",
        ["snapshot before an upgrade"] = "TakingSnapshot",
        ["refused version"] = "Rolling",
        ["version"] = "Rolling",
        ["version of the data"] = "Rolling",
        ["version of the cluster"] = "Rolling",
        ["defragment"] = "Defragmenting",
        ["needless recovery"] = AllAsWanted,
    };

    /// <summary>The reason, or phase, that stands for a rule of the plan.</summary>
    public static string ReasonOf(string rule) => Reasons.GetValueOrDefault(rule, AllAsWanted);

    public static void Write(ClusterLayout layout, Scene scene, Step step, KvClusterStatus status)
    {
        var writer = new Writer(layout.Cluster.Generation(), scene.Now, status.Conditions ?? []);
        var blocked = step.Action as ClusterAction.Blocked;
        bool isDone = step.Action is ClusterAction.Nothing && !scene.Wanted.IsPaused;

        writer.Set("SpecValid", scene.Wanted.Problem is null, scene.Wanted.Problem is null ? "Valid" : "InvalidSpec",
            scene.Wanted.Problem ?? "");
        writer.Set("Paused", scene.Wanted.IsPaused, scene.Wanted.IsPaused ? "Paused" : "NotPaused", "");
        Available(writer, scene, step);
        writer.Set("Ready", isDone, isDone ? AllAsWanted : blocked?.Obstacle.ToString() ?? ReasonOf(step.Rule),
            isDone ? "" : step.Action.Why);
        bool isMoving = !isDone && blocked is null && !scene.Wanted.IsPaused;
        writer.Set("Progressing", isMoving,
            isMoving || blocked is null ? ReasonOf(step.Rule) : blocked.Obstacle.ToString(), step.Action.Why);
        Degraded(writer, scene, blocked);
        Updated(writer, scene);
        Storage(writer, scene);
        Adoption(writer, scene);
        status.Conditions = [.. writer.Written, .. OfSchedules(status)];
    }

    /// <summary>What is written beside this plan stays.</summary>
    private static IEnumerable<V1Condition> OfSchedules(KvClusterStatus status) =>
        (status.Conditions ?? []).Where(condition => condition.Type == SchedulePlan.ConditionType);

    private static void Available(Writer writer, Scene scene, Step step)
    {
        Quorum quorum = scene.Quorum;
        if (quorum.Holds)
        {
            // Without numbers: each member that comes and goes would otherwise change a condition that stays true.
            writer.Set("Available", true, "QuorumServes", "A quorum of the voters serves.");
            return;
        }

        string reason = !scene.HasFormed
            ? "Forming"
            : step.Action is ClusterAction.Blocked { Obstacle: Obstacle.DataLost } ? "DataLost" : "QuorumLost";
        writer.Set("Available", false, reason, step.Action.Why);
    }

    private static void Degraded(Writer writer, Scene scene, ClusterAction.Blocked? blocked)
    {
        if (blocked is not null && blocked.Obstacle != Obstacle.InvalidSpec)
        {
            writer.Set("Degraded", true, blocked.Obstacle.ToString(), blocked.Why);
            return;
        }

        MemberScene? troubled = scene.Members.FirstOrDefault(member => member.Pod is { Trouble: not PodTrouble.None });
        MemberScene? silent = scene.Ready.FirstOrDefault(member => !member.IsHealthy);
        if (troubled is not null)
            writer.Set("Degraded", true, $"Pod{troubled.Pod!.Trouble}", $"{troubled.Name}: {troubled.Pod.TroubleText}");
        else if (silent is not null)
            writer.Set("Degraded", true, "MemberDown", $"{silent.Name} does not serve.");
        else
            writer.Set("Degraded", false, "AllMembersServe", "");
    }

    private static void Updated(Writer writer, Scene scene)
    {
        string[] outdated = [.. scene.Members.Where(member => member.IsOutdated).Select(member => member.Name)];
        writer.Set("MembersUpdated", outdated.Length == 0, outdated.Length == 0 ? "AllUpdated" : "Outdated",
            outdated.Length == 0 ? "" : $"With outdated settings: {string.Join(", ", outdated)}.");
    }

    private static void Storage(Writer writer, Scene scene)
    {
        MemberScene? small = scene.Ready.FirstOrDefault(member =>
            member.Volume is { } volume && volume.RequestedBytes < scene.Wanted.VolumeBytes);
        MemberScene? growing = scene.Ready.FirstOrDefault(member =>
            member.Volume is { CapacityBytes: not 0 } volume && volume.CapacityBytes < volume.RequestedBytes);
        MemberScene? lost = scene.Ready.FirstOrDefault(member => !member.HasData);
        if (lost is not null)
            writer.Set("StorageReady", false, "VolumeLost", $"The volume of {lost.Name} is gone or going.");
        else if (small is not null && !scene.Found.CanVolumesGrow)
            writer.Set("StorageReady", false, "CannotGrow", "The storage class does not let volumes grow.");
        else if (small is not null || growing is not null)
            writer.Set("StorageReady", false, "Growing", (growing?.Volume!.TroubleText ?? "").Trim());
        else
            writer.Set("StorageReady", true, "AllBound", "");
    }

    private static void Adoption(Writer writer, Scene scene)
    {
        if (!scene.Wanted.Adopts)
            return;
        string phase = AdoptionReport.PhaseOf(scene);
        string text = phase == "AwaitingFinalize"
            ? "Ours are in, and so are the etcd cluster's own members, until spec.bootstrap.fromEtcd.finalize is true."
            : "";
        writer.Set("Adopted", !scene.IsAdopting, phase, text);
    }

    private sealed class Writer(long generation, DateTimeOffset now, IList<V1Condition> before)
    {
        public List<V1Condition> Written { get; } = [];

        public void Set(string type, bool isTrue, string reason, string message)
        {
            string status = isTrue ? "True" : "False";
            V1Condition? old = before.FirstOrDefault(condition => condition.Type == type);
            Written.Add(new V1Condition
            {
                Type = type,
                Status = status,
                Reason = reason,
                Message = message,
                ObservedGeneration = generation,
                LastTransitionTime = old?.Status == status ? old.LastTransitionTime : now.UtcDateTime,
            });
        }
    }
}
