namespace Kv.Operator.Planning.Rules;

/// <summary>Tells apart why a member does not serve, and does the least that helps: wait, restart, replace. A missing
/// pod alone was put back further up; a member that runs but is slow is left alone.</summary>
public static class RepairRules
{
    public static ClusterAction? Repair(Scene scene)
    {
        MemberScene[] sick = [.. scene.Ready.Where(member => !member.IsHealthy || !member.HasData)];
        ClusterAction?[] actions = [.. sick.Select(member => Repair(scene, member))];

        // What can be done for one is done before anybody is waited for.
        return actions.FirstOrDefault(action => action is { IsPassive: false })
            ?? actions.FirstOrDefault(action => action is ClusterAction.Blocked)
            ?? actions.FirstOrDefault(action => action is not null);
    }

    private static ClusterAction? Repair(Scene scene, MemberScene member)
    {
        if (member.Entry is null)
            return Replace(member, "Somebody took it out of the cluster.");
        if (member.IsLearner)
            return new ClusterAction.EnterPhase(member.Name, MemberPhase.Joining, "It has no vote yet.");
        if (!member.HasData)
            return ReplaceIfAllowed(scene, member, WhatBecameOfData(member));
        if (member.Pod is null or { IsTerminating: true })
            return scene.Wait($"{member.Name}'s pod to end and come back");
        if (HasBadData(scene, member))
        {
            return ReplaceIfAllowed(
                scene, member, "It cannot start with its data, while others can with the same settings.");
        }

        if (IsCanary(scene, member))
            return Canary(scene, member);

        return Restart(scene, member);
    }

    /// <summary>A member with its data and its name, but without its quorum's consent to lose it.</summary>
    private static ClusterAction? ReplaceIfAllowed(Scene scene, MemberScene member, string why)
    {
        if (scene.Quorum.AllowsRemovalOf(member.IsHealthy))
            return Replace(member, why);
        return member.IsHealthy
            ? null // the last one that serves, on a volume that goes when it ends: reported, and lived with
            : new ClusterAction.Blocked(
                Obstacle.QuorumAtRisk, $"{member.Name} cannot be replaced: too few of the others serve. {why}");
    }

    private static ClusterAction.EnterPhase Replace(MemberScene member, string why) =>
        new(member.Name, MemberPhase.Replacing, why);

    private static string WhatBecameOfData(MemberScene member) => member.Volume switch
    {
        null => "Its volume is gone.",
        { IsTerminating: true } => "Its volume was deleted.",
        { IsLost: true } => "What its volume was bound to is lost.",
        _ => "Its volume is another one, without its data.",
    };

    /// <summary>Crashing again and again is the data's fault only if the same template runs elsewhere; and running
    /// out of memory never is.</summary>
    private static bool HasBadData(Scene scene, MemberScene member) =>
        member.Pod is { Trouble: PodTrouble.Crashing } pod && !member.IsOutdated && member.IsIdle &&
        pod.Crashes >= scene.Wanted.Times.CrashesMax &&
        scene.Ready.Any(other => other is { IsHealthy: true, IsOutdated: false } && other != member);

    /// <summary>Whether it was well until it was given a new template, and is the first: then the template is what is
    /// in doubt. One that was sick before is no canary, else it would be in the way of its own repair.</summary>
    private static bool IsCanary(Scene scene, MemberScene member) =>
        !member.IsOutdated && member.Record.RolledTo == scene.Wanted.Template &&
        scene.Ready.Any(other => other.IsOutdated);

    private static ClusterAction Canary(Scene scene, MemberScene member)
    {
        bool isStalled = scene.Now - member.Pod!.CreatedAt >= scene.Wanted.Times.RollDeadline;
        return isStalled
            ? new ClusterAction.Blocked(
                Obstacle.RolloutStalled,
                $"{member.Name} does not serve with the new settings{member.TroubleSuffix}; the others keep the old.")
            : scene.Wait($"{member.Name} to serve with the new settings{member.TroubleSuffix}");
    }

    private static ClusterAction Restart(Scene scene, MemberScene member)
    {
        ClusterAction.Wait wait = scene.Wait($"{member.Name} to recover{member.TroubleSuffix}");
        PlanTimes times = scene.Wanted.Times;
        bool isHopeless = member.Pod!.Trouble is PodTrouble.Unschedulable or PodTrouble.ImageMissing;
        bool isSlow = member.Answer is { ServesReads: true };
        if (isHopeless || isSlow || member.SilentFor(scene.Now) < times.SilentBeforeRestart)
            return wait;

        int restarts = member.Record.Restarts;
        TimeSpan pause = times.BetweenRestarts * Math.Pow(2, Math.Max(0, restarts - 1));
        bool isEarly = member.Record.RestartedAt is { } last && scene.Now - last < pause;
        if (isEarly)
            return wait;
        if (restarts < times.RestartsMax)
        {
            return new ClusterAction.RestartPod(
                member.Name, member.Pod.Uid, member.Pod.Version, "It does not serve.")
            { IsRepair = true };
        }

        return ReplaceIfAllowed(scene, member, $"It does not serve after {restarts} restarts.") ?? wait;
    }
}
