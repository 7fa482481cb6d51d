namespace Kv.Operator.Planning.Rules;

/// <summary>Takes members out that are one too many or beyond repair: out of the cluster first, then the process, then
/// the data, then the record. Everything is found again from the phase, the member list, pod and volume.</summary>
public static class RemovalRules
{
    private const int LeaderMovesMax = 3;

    public static ClusterAction? Continue(Scene scene)
    {
        foreach (MemberScene member in scene.Members)
        {
            bool isGoing = member.Record.Phase is MemberPhase.Leaving or MemberPhase.Replacing;
            if (isGoing && Continue(scene, member) is { } action)
                return action;
        }

        return null;
    }

    /// <summary>Stands below repair: what is in the way of a removal may be a member that can be mended.</summary>
    public static ClusterAction? ReportBlocked(Scene scene) =>
        scene.Members.FirstOrDefault(member => member.Record.Phase is MemberPhase.Leaving or MemberPhase.Replacing)
            is { } member
            ? new ClusterAction.Blocked(
                Obstacle.QuorumAtRisk, $"{member.Name} cannot be removed: too few of the others serve.")
            : null;

    private static ClusterAction? Continue(Scene scene, MemberScene member)
    {
        if (member.Entry is { } entry)
            return FromCluster(scene, member, entry);

        // A removal that one voter has not applied yet could still be undone by it in our eyes.
        return scene.DoViewsAgree ? Remains(scene, member) : scene.Wait($"all to know that {member.Name} has left");
    }

    private static ClusterAction? FromCluster(Scene scene, MemberScene member, MemberEntry entry)
    {
        if (IsWantedAgain(scene, member))
            return new ClusterAction.EnterPhase(member.Name, MemberPhase.Ready, "It is wanted after all.");
        if (!scene.DoViewsAgree)
            return scene.Wait("all voters to know the same members");

        bool isAllowed = entry.IsLearner || (member.Record.Phase == MemberPhase.Leaving && member.HasData
            ? scene.CanSpare(member)
            : scene.Quorum.AllowsRemovalOf(member.IsHealthy));
        if (!isAllowed)
            return null;

        return MoveLeaderFrom(scene, member, "It is about to leave.")
            ?? new ClusterAction.Remove(member.Name, entry.Id, member.Record.Reason);
    }

    /// <summary>Hands leadership on before its holder goes; after a few failures it goes without.</summary>
    internal static ClusterAction? MoveLeaderFrom(Scene scene, MemberScene member, string why)
    {
        if (!member.IsLeader || !member.IsHealthy || scene.Found.LeaderMoveFailures >= LeaderMovesMax)
            return null;

        MemberScene? heir = scene.Voters
            .Where(other => other != member && other is { IsHealthy: true, Record.Phase: MemberPhase.Ready })
            .OrderBy(other => other.IsOutdated)
            .ThenBy(other => scene.LagOf(other.Answer!))
            .ThenBy(other => other.Record.Serial)
            .FirstOrDefault();
        return heir is null ? null : new ClusterAction.MoveLeader(member.Name, heir.Name, heir.Entry!.Id, why);
    }

    private static ClusterAction Remains(Scene scene, MemberScene member)
    {
        if (member.Pod is { IsTerminating: true })
            return scene.Wait($"{member.Name}'s pod to end");
        if (member.Pod is { } pod)
            return new ClusterAction.DeletePod(member.Name, pod.Uid, pod.Version, "It is no member any more.");

        // An old data directory under a name that comes back would say "removed from the cluster"; names do not come
        // back, but what is broken is not worth keeping either.
        if (member.Volume is { IsRetained: false } volume)
        {
            bool isKept = member.Record.Phase == MemberPhase.Leaving && scene.Wanted.WhenScaled == VolumeFate.Retain;
            if (volume.IsTerminating)
                return scene.Wait($"{member.Name}'s volume to go");
            return isKept
                ? new ClusterAction.RetainVolume(member.Name, volume.Uid, "Volumes of members that leave are kept.")
                : new ClusterAction.DeleteVolume(member.Name, volume.Uid, volume.Version, "It is no member any more.");
        }

        return new ClusterAction.Forget(member.Name, "Nothing of it is left.");
    }

    /// <summary>Whether the user asked for more members again before this one was taken out.</summary>
    private static bool IsWantedAgain(Scene scene, MemberScene member)
    {
        return member is { Record.Phase: MemberPhase.Leaving, IsHealthy: true } &&
            scene.StayingCount < scene.Wanted.Replicas;
    }
}
