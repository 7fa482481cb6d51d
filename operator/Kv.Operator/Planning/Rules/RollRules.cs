namespace Kv.Operator.Planning.Rules;

/// <summary>Brings new settings to the members one by one: followers first, the leader last and after it has handed
/// leadership to one that has them already. The first is the canary: the next waits until it serves.</summary>
public static class RollRules
{
    /// <summary>A roll changes no member, and so what has changed since the last restart was somebody else's doing, or
    /// a fault of what is being rolled out.</summary>
    public static ClusterAction? CompareMembers(Scene scene)
    {
        string before = scene.Found.Record.MembersBeforeRoll;
        if (before.Length == 0 || before == Remembered(scene.Wanted.Template, scene.MembersNow()))
            return null;

        string[] then = before.Split(' ')[1..];
        string[] now = scene.MembersNow().Split(' ');
        string come = string.Join(", ", now.Except(then));
        string gone = string.Join(", ", then.Except(now));
        return new ClusterAction.Blocked(
            Obstacle.MembersChanged,
            "The members have changed during the roll, and not by the operator; come: " +
            $"{(come.Length == 0 ? "none" : come)}, gone: {(gone.Length == 0 ? "none" : gone)}. " +
            "Take it back, or change the settings once more to go on.");
    }

    /// <summary>What is written down of the members before one of them is restarted.</summary>
    internal static string Remembered(string template, string members) => $"{template} {members}";

    /// <summary>Whether what was written down is of no use any more.</summary>
    internal static bool IsRollOver(Scene scene)
    {
        string before = scene.Found.Record.MembersBeforeRoll;
        bool isOfAnother = !before.StartsWith(scene.Wanted.Template + " ", StringComparison.Ordinal);
        bool isDone = scene.Found.Members is not null &&
            scene.Ready.All(member => member is { IsOutdated: false, IsHealthy: true }) &&
            before == Remembered(scene.Wanted.Template, scene.MembersNow());
        return before.Length > 0 && (isOfAnother || isDone);
    }

    public static ClusterAction? Roll(Scene scene)
    {
        MemberScene[] outdated = [.. scene.Ready.Where(member => member.IsOutdated)];
        if (outdated.Length == 0)
            return null;
        if (!scene.DoViewsAgree)
            return scene.Wait("all voters to know the same members");
        if (scene.Ready.FirstOrDefault(member => !IsStable(scene, member)) is { } young)
            return Settle(scene, young);

        MemberScene next = outdated
            .OrderBy(member => member.IsLeader)
            .ThenByDescending(member => member.Record.Serial)
            .First();
        return Restart(scene, next, "Its settings are outdated.");
    }

    /// <summary>Restarts a healthy member if the others can do without it meanwhile.</summary>
    internal static ClusterAction Restart(Scene scene, MemberScene member, string why)
    {
        if (!scene.Quorum.AllowsStopOf(member.IsHealthy))
        {
            return new ClusterAction.Blocked(
                Obstacle.QuorumAtRisk, $"{member.Name} cannot be restarted: too few of the others serve.");
        }

        return RemovalRules.MoveLeaderFrom(scene, member, "It is about to be restarted.")
            ?? new ClusterAction.RestartPod(member.Name, member.Pod!.Uid, member.Pod.Version, why)
            {
                RollsTo = member.IsOutdated ? scene.Wanted.Template : "",
                MembersNow = scene.MembersNow(),
            };
    }

    private static bool IsStable(Scene scene, MemberScene member) =>
        member.IsOutdated || (member.Pod is { IsTerminating: false, ReadySince: { } since } &&
            scene.Now - since >= scene.Wanted.Times.StableBeforeNext);

    private static ClusterAction Settle(Scene scene, MemberScene member)
    {
        bool isStalled = member.Pod is { IsTerminating: false, ReadySince: null } pod &&
            scene.Now - pod.CreatedAt >= scene.Wanted.Times.RollDeadline;
        return isStalled
            ? new ClusterAction.Blocked(
                Obstacle.RolloutStalled,
                $"{member.Name} does not become ready with the new settings{member.TroubleSuffix}.")
            : scene.Wait($"{member.Name} to settle with the new settings");
    }
}
