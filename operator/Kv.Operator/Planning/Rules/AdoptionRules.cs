namespace Kv.Operator.Planning.Rules;

/// <summary>Takes over an etcd cluster that serves. Members of ours join it as they would join one of our own; who was
/// there before is never touched until it is said that they may go, and then they go one at a time, when all of ours
/// serve.</summary>
public static class AdoptionRules
{
    private const int LeaderMovesMax = 3;

    /// <summary>Stands above what waits for a quorum: if that is missing because the other cluster cannot be asked,
    /// this is what is to be mended.</summary>
    public static ClusterAction? ReportSource(Scene scene) =>
        scene is { IsAdopting: true, HasFormed: true, Quorum.Holds: false } ? TroubleOf(scene) : null;

    /// <summary>Stands below repair, and above all that adds or takes away members.</summary>
    public static ClusterAction? AwaitSource(Scene scene)
    {
        if (!scene.IsAdopting || !scene.HasFormed)
            return null;

        // One that is about to go anyway need not answer any more.
        bool isLeaving = IsComplete(scene) && scene.Wanted.IsAdoptionFinal;
        bool isWrong = scene.Found.Source?.Obstacle is Obstacle.EtcdIsAnother or Obstacle.EtcdUnsupported;
        if (isWrong || !isLeaving)
            return TroubleOf(scene) ?? SilentOther(scene, isLeaving);
        return null;
    }

    /// <summary>Lets those go that were there before: leadership to one of ours first, then who does not serve, then
    /// one after the other.</summary>
    public static ClusterAction? Finalize(Scene scene)
    {
        if (!scene.IsAdopting)
            return null;

        MemberEntry[] others = [.. scene.Others];
        if (others.Length == 0)
            return scene.Ready.Any() ? new ClusterAction.EndAdoption("All members are ours.") : null;
        if (!scene.Wanted.IsAdoptionFinal || !IsComplete(scene))
            return null;
        if (scene.Ready.FirstOrDefault(member => !member.IsHealthy) is { } sick)
            return scene.Wait($"{sick.Name} to serve before others leave");
        if (!scene.DoViewsAgree)
            return scene.Wait("all voters to know the same members");

        MemberEntry next = others
            .OrderBy(scene.IsHealthy)
            .ThenBy(entry => entry.Id == scene.LeaderId)
            .ThenBy(entry => entry.PeerUrl, StringComparer.Ordinal)
            .First();
        return (ClusterAction?)MoveLeader(scene, others) ?? Remove(scene, next);
    }

    /// <summary>In place of forming a cluster: its id is that of the other from now on.</summary>
    internal static ClusterAction Begin(Scene scene) =>
        (ClusterAction?)TroubleOf(scene) ?? (scene.Found.Source is { ClusterId: not 0 } source
            ? new ClusterAction.LatchCluster(source.ClusterId, "The etcd cluster serves, and is to be ours.")
            : scene.Wait("the etcd cluster to answer"));

    /// <summary>Whether all of ours have their votes.</summary>
    private static bool IsComplete(Scene scene) =>
        scene.StayingCount == scene.Wanted.Replicas && scene.Ready.Count() == scene.Wanted.Replicas;

    private static ClusterAction.Blocked? TroubleOf(Scene scene) =>
        scene.Found.Source is { Obstacle: { } obstacle, Trouble: var trouble }
            ? new ClusterAction.Blocked(obstacle, trouble)
            : null;

    private static ClusterAction.Blocked? SilentOther(Scene scene, bool isLeaving) =>
        !isLeaving && scene.Others.FirstOrDefault(entry => !entry.IsLearner && !scene.IsHealthy(entry)) is { } silent
            ? new ClusterAction.Blocked(
                Obstacle.EtcdUnreachable,
                $"The member {silent.TheirName} ({silent.Member.TrimStart('~')}) of the etcd cluster does not serve, " +
                "or the operator does not reach it. Mend it, or add the URL that its clients use to the endpoints.")
            : null;

    /// <summary>A cluster whose leader is removed has none until another is elected.</summary>
    private static ClusterAction.MoveLeader? MoveLeader(Scene scene, MemberEntry[] others)
    {
        MemberEntry? leader = others.FirstOrDefault(entry => entry.Id == scene.LeaderId);
        if (leader is null || scene.Found.LeaderMoveFailures >= LeaderMovesMax)
            return null;

        MemberScene heir = scene.Ready
            .OrderBy(member => scene.LagOf(member.Answer!)).ThenBy(member => member.Record.Serial)
            .First();
        return new ClusterAction.MoveLeader(leader.Member, heir.Name, heir.Entry!.Id, "It is about to leave.");
    }

    private static ClusterAction Remove(Scene scene, MemberEntry entry) =>
        entry.IsLearner || scene.Quorum.AllowsRemovalOf(scene.IsHealthy(entry))
            ? new ClusterAction.Remove(entry.Member, entry.Id, $"Ours are in; {entry.TheirName} is not needed now.")
            : new ClusterAction.Blocked(
                Obstacle.QuorumAtRisk, $"{entry.TheirName} cannot be removed: too few of the others serve.");
}
