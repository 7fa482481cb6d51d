namespace Kv.Operator.Planning.Rules;

/// <summary>What there is to say of versions. Members keep theirs meanwhile, so all that keeps the cluster alive goes
/// on above.</summary>
public static class VersionRules
{
    /// <summary>A version is asked for that members may not be taken to.</summary>
    public static ClusterAction? Refuse(Scene scene) => scene.Wanted.VersionRefusal is { } refusal
        ? new ClusterAction.Blocked(Obstacle.UnsupportedVersion, refusal + " The members keep their version.")
        : null;

    /// <summary>An image whose tag is not what is in it: the steps from there on would be the wrong ones.</summary>
    public static ClusterAction? CompareToWanted(Scene scene)
    {
        if (scene.Wanted.Version is not { } wanted)
            return null;

        MemberScene? other = scene.Ready.FirstOrDefault(member =>
            member is { IsHealthy: true, IsOutdated: false, Answer.Version: { Length: > 0 } version } &&
            VersionSteps.Parse(version) != wanted);
        return other is null
            ? null
            : new ClusterAction.Blocked(
                Obstacle.UnexpectedVersion,
                $"The image of {other.Name} is called {wanted}, and what runs is {other.Answer!.Version}.");
    }

    /// <summary>A roll to another version is over when all members agree what their data is of.</summary>
    public static ClusterAction? AwaitData(Scene scene)
    {
        int versions = scene.Ready.Where(member => member.IsHealthy)
            .Select(member => member.Answer!.DataVersion).Distinct(StringComparer.Ordinal).Count();
        return versions > 1 ? scene.Wait("all members to agree on the version of their data") : null;
    }

    /// <summary>In the end all members have to say the same of the version of the cluster, and none that one of them
    /// does not know. It may be an earlier one than theirs: ours leave it where an etcd of 3.5 could still join.
    /// </summary>
    public static ClusterAction? CompareCluster(Scene scene)
    {
        (MemberScene Member, Version Cluster)[] said =
        [
            .. scene.Ready.Where(member => member.IsHealthy)
                .Select(member => (member, VersionSteps.Parse(member.Answer!.ClusterVersion)!))
                .Where(each => each.Item2 is not null),
        ];
        foreach ((MemberScene member, Version cluster) in said)
        {
            if (VersionSteps.Parse(member.Answer!.Version) is { } runs && VersionSteps.IsLater(cluster, runs))
            {
                return new ClusterAction.Blocked(
                    Obstacle.UnexpectedVersion, $"{member.Name} runs {runs}, and the cluster is of {cluster} already.");
            }
        }

        if (said.Select(each => each.Cluster).Distinct().Count() <= 1)
            return null;
        bool isLate = scene.Ready.All(member => member.Pod is { ReadySince: { } since } &&
            scene.Now - since >= scene.Wanted.Times.RollDeadline);
        string answers = string.Join(", ", said.Select(each => $"{each.Member.Name} says {each.Cluster}"));
        return isLate
            ? new ClusterAction.Blocked(
                Obstacle.UnexpectedVersion, $"The members do not agree on the version of the cluster: {answers}.")
            : scene.Wait($"all members to agree on the version of the cluster: {answers}");
    }
}
