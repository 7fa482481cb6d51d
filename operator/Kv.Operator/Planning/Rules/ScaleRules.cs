namespace Kv.Operator.Planning.Rules;

/// <summary>One member more or one less, when nothing else is under way.</summary>
public static class ScaleRules
{
    /// <summary>If some are to go, those that do not serve go first, rather than being repaired.</summary>
    public static ClusterAction? RemoveSick(Scene scene)
    {
        bool isTooMany = scene.StayingCount > scene.Wanted.Replicas;
        MemberScene? sick = scene.Ready
            .Where(member => member is { IsHealthy: false, Entry: not null })
            .MaxBy(member => member.Record.Serial);
        return isTooMany && sick is not null && scene.CanSpare(sick)
            ? Leave(sick, "There is one member too many, and it does not serve.")
            : null;
    }

    /// <summary>A cluster too small to spare a member grows before its members are restarted.</summary>
    public static ClusterAction? GrowToSafety(Scene scene) => scene.Quorum.SparesOne ? null : Grow(scene);

    public static ClusterAction? Scale(Scene scene) => Grow(scene) ?? Shrink(scene);

    private static ClusterAction? Grow(Scene scene)
    {
        bool isJoining = scene.Members.Any(member => member.Record.Phase == MemberPhase.Joining);
        if (isJoining || scene.StayingCount >= scene.Wanted.Replicas)
            return null;
        if (!scene.Quorum.IsWhole)
            return scene.Wait("all voters to serve");

        int serial = scene.Found.Record.NextSerial;
        return new ClusterAction.Join(
            scene.Wanted.MemberName(serial),
            serial,
            IsSeed: false,
            $"Members wanted: {scene.Wanted.Replicas}; there: {scene.StayingCount}.");
    }

    private static ClusterAction? Shrink(Scene scene)
    {
        if (scene.StayingCount <= scene.Wanted.Replicas)
            return null;

        // From where most are, so that those that stay are spread as evenly as before: a zone that has too many could
        // otherwise not take its own pods back.
        MemberScene victim = scene.Ready
            .OrderBy(member => member.IsLeader)
            .ThenByDescending(member => CrowdAround(scene, member, pod => pod.Zone))
            .ThenByDescending(member => CrowdAround(scene, member, pod => pod.Node))
            .ThenByDescending(member => member.Record.Serial)
            .First();
        return scene.CanSpare(victim)
            ? Leave(victim, $"Members wanted: {scene.Wanted.Replicas}; there: {scene.StayingCount}.")
            : scene.Wait("more voters to serve");
    }

    /// <summary>How many members are where this one is, itself among them; 0 if nobody knows where that is.</summary>
    private static int CrowdAround(Scene scene, MemberScene member, Func<PodFound, string> placeOf)
    {
        string place = member.Pod is { } pod ? placeOf(pod) : "";
        return place.Length == 0
            ? 0
            : scene.Ready.Count(other => other.Pod is { } its && placeOf(its) == place);
    }

    private static ClusterAction.EnterPhase Leave(MemberScene member, string why) =>
        new(member.Name, MemberPhase.Leaving, why);
}
