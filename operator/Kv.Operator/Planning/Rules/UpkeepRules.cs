namespace Kv.Operator.Planning.Rules;

/// <summary>What is done when there is nothing else to do.</summary>
public static class UpkeepRules
{
    /// <summary>Shortens stores that hold much that is free, one at a time, leader last, and only while all serve and
    /// no snapshot is being taken, which would have to wait for it or begin again.</summary>
    public static ClusterAction? Defragment(Scene scene)
    {
        MemberScene? next = DueMember(scene);
        return next is null || scene.Found.IsSnapshotTaken
            ? null
            : new ClusterAction.Defragment(next.Name, "Much of its store is free.");
    }

    /// <summary>Whose store is to be shortened, if no snapshot is being taken; null for nobody's.</summary>
    internal static MemberScene? DueMember(Scene scene)
    {
        long from = scene.Wanted.DefragmentFromBytes;
        if (from == 0 || !scene.Quorum.IsWhole)
            return null;

        return scene.Voters
            .Where(member => IsDue(scene, member) && member.Answer!.StoreBytes - member.Answer.StoreInUseBytes >= from)
            .OrderBy(member => member.IsLeader).ThenBy(member => member.Record.Serial)
            .FirstOrDefault();
    }

    private static bool IsDue(Scene scene, MemberScene member) =>
        member.IsHealthy && (member.Record.DefragmentedAt is not { } last ||
            scene.Now - last >= scene.Wanted.Times.BetweenDefragmentations);
}
