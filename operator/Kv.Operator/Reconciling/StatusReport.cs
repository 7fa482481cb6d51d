using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>The status of a cluster: what the plan has written down, what was found, what is being done. Made anew
/// each time from the old one; what does not change is not written.</summary>
public static class StatusReport
{
    public static KvClusterStatus Make(ClusterLayout layout, Observation seen, ClusterRecord record, Step step)
    {
        KvClusterStatus status = KubernetesJson.Clone(layout.Cluster.Status ?? new KvClusterStatus());
        var scene = new Scene(step.Wanted, seen.Found with { Record = record });
        StatusRecord.Write(record, status);
        foreach (KvMemberStatus line in status.Members!)
            Describe(line, scene, seen);

        status.ObservedGeneration = layout.Cluster.Generation();
        status.Replicas = scene.StayingCount;
        status.ReadyReplicas = scene.Members.Count(member => member.IsHealthy && member.Pod?.ReadySince is not null);
        status.Selector = string.Join(',', layout.Selector().Select(label => $"{label.Key}={label.Value}"));
        status.Image = ImageOf(layout, scene, status.Image);
        status.Version = OldestOf(status.Members.Select(line => line.Version)) ?? status.Version;
        status.DataVersion = OldestOf(scene.Members.Select(member => member.Answer?.DataVersion)) ?? status.DataVersion;
        status.Upgrade = UpgradeOf(layout, scene, status.Version);
        status.DefaultQuota = step.Wanted.Problem is null
            ? QuotaOf(layout, seen, status.DefaultQuota)
            : status.DefaultQuota;
        status.CertificatesExpireAt = seen.CertificatesEndAt?.UtcDateTime ?? status.CertificatesExpireAt;
        status.Adoption = AdoptionReport.Make(scene, status.Adoption);
        status.Leader = scene.Members.FirstOrDefault(member => member.IsLeader)?.Name;
        status.Phase = PhaseOf(scene, step);
        status.Message = step.Action is ClusterAction.Wait ? $"Waiting for {step.Action.Why}." : step.Action.Why;
        status.Operation = OperationOf(step, status.Operation, seen.Found.Now);
        Conditions.Write(layout, scene, step, status);
        return status;
    }

    /// <summary>Whether two statuses say the same.</summary>
    public static bool AreEqual(KvClusterStatus? left, KvClusterStatus right) =>
        left is not null && KubernetesJson.Serialize(left) == KubernetesJson.Serialize(right);

    private static void Describe(KvMemberStatus line, Scene scene, Observation seen)
    {
        MemberScene member = scene.Members.First(member => member.Name == line.Name);
        V1Pod? pod = seen.Pods.FirstOrDefault(pod => pod.Name() == line.Name);
        line.Id = member.Entry is { } entry ? StatusRecord.FormatId(entry.Id) : line.Id;
        line.Healthy = member.IsHealthy;
        line.Role = member switch
        {
            { IsLeader: true } => "Leader",
            { IsVoter: true } => "Voter",
            { IsLearner: true } => "Learner",
            _ => "None",
        };
        string[] alarms = [.. AlarmsOf(member, seen)];
        line.Alarms = alarms.Length > 0 ? alarms : null;
        line.Node = pod?.Spec.NodeName;
        line.Zone = member.Pod is { Zone.Length: > 0 } placed ? placed.Zone : null;
        if (member.Answer is not { } answer)
            return;
        line.Version = answer.Version;
        line.DbSize = Roughly(line.DbSize, answer.StoreBytes);
        line.DbSizeInUse = Roughly(line.DbSizeInUse, answer.StoreInUseBytes);
    }

    private static IEnumerable<string> AlarmsOf(MemberScene member, Observation seen) =>
        seen.Found.Alarms.Where(alarm => alarm.MemberId == member.Entry?.Id)
            .Select(alarm => alarm.Kind.ToString()).Distinct().Order(StringComparer.Ordinal);

    /// <summary>A status that changes with each write of a client would be written as often.</summary>
    private static long Roughly(long? before, long now) =>
        before is { } old && Math.Abs(now - old) <= Math.Max(old / 10, 64 * 1024) ? old : now;

    /// <summary>The image that counts when the specification names none: one that was asked for takes the place of
    /// the last only when all run it, so that taking a bad one back is enough.</summary>
    private static string? ImageOf(ClusterLayout layout, Scene scene, string? before)
    {
        bool isNamed = layout.Spec.Image is not null || layout.Spec.Version is not null;
        bool isSettled = scene.HasFormed &&
            scene.Members.All(member => member is { IsOutdated: false, IsHealthy: true });
        return !isNamed || isSettled ? layout.Image : before;
    }

    /// <summary>Of the oldest, whether it answers now or not: that is what the next step is measured by.</summary>
    private static string? OldestOf(IEnumerable<string?> versions) =>
        versions.Where(version => !string.IsNullOrEmpty(version))
            .MinBy(version => Version.TryParse(version!.Split('-')[0], out Version? parsed) ? parsed : new Version());

    private static KvUpgradeStatus? UpgradeOf(ClusterLayout layout, Scene scene, string? from)
    {
        if (layout.AwaitsSnapshot)
            return new KvUpgradeStatus { From = from, To = layout.Upgrade!.To };
        bool isUnderWay = scene.Wanted.Version is { } to && VersionSteps.Parse(from) is { } oldest && oldest != to &&
            scene.Members.Any(member => member.IsOutdated || member.Answer is null);
        return isUnderWay ? new KvUpgradeStatus { From = from, To = scene.Wanted.Version!.ToString() } : null;
    }

    private static long? QuotaOf(ClusterLayout layout, Observation seen, long? before)
    {
        if (layout.Spec.Storage.Quota is not null)
            return null;
        VolumeFound[] volumes = [.. seen.Found.Volumes.Where(volume => volume is { IsOurs: true, IsRetained: false })];
        bool haveGrown = volumes.All(volume => volume.CapacityBytes >= layout.VolumeBytes);
        return before is null || (haveGrown && volumes.Length > 0)
            ? ClusterLayout.DefaultQuotaOf(layout.VolumeBytes)
            : before;
    }

    private static string PhaseOf(Scene scene, Step step) => (step.Action, scene) switch
    {
        _ when scene.Wanted.IsDeleting => "Deleting",
        _ when scene.Wanted.IsPaused => "Paused",
        (ClusterAction.Blocked { Obstacle: Obstacle.InvalidSpec }, _) => "Invalid",
        (_, { HasFormed: false }) => "Forming",
        (_, { Quorum.Holds: false }) => "Unavailable",
        (ClusterAction.Blocked, _) => "Blocked",
        (ClusterAction.Nothing, _) => "Running",
        _ => Conditions.ReasonOf(step.Rule),
    };

    private static KvOperationStatus? OperationOf(Step step, KvOperationStatus? before, DateTimeOffset now)
    {
        if (step.Action is ClusterAction.Nothing or ClusterAction.Blocked)
            return null;
        string type = Conditions.ReasonOf(step.Rule);
        return before?.Type == type
            ? before
            : new KvOperationStatus { Type = type, Reason = step.Action.Why, StartedAt = now.UtcDateTime };
    }
}

/// <summary>What the plan said in one pass, and to what question.</summary>
public sealed record Step(WantedCluster Wanted, string Rule, ClusterAction Action);
