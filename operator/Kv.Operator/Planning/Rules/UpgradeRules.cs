namespace Kv.Operator.Planning.Rules;

/// <summary>What comes before a member gets another version: a snapshot that was found right. Until there is one the
/// members are wanted with the image that they have, so that all that mends and changes a cluster goes on with that;
/// and going back to it waits for nothing.</summary>
public static class UpgradeRules
{
    /// <summary>Says, once, that none is taken because nobody has said where to keep it.</summary>
    public static ClusterAction? SkipSnapshot(Scene scene) =>
        scene.Wanted.Upgrade is { TakesSnapshot: true, HasDestination: false } upgrade && RecordOf(scene) is null
            ? new ClusterAction.SkipSnapshot(
                upgrade.From,
                $"No snapshot is taken before the upgrade to {upgrade.To}: neither spec.upgrade.destination nor " +
                "spec.snapshots says where to keep it.")
            : null;

    public static ClusterAction? TakeSnapshot(Scene scene)
    {
        if (scene.Wanted.Upgrade is not { TakesSnapshot: true, HasDestination: true } upgrade)
            return null;
        if (RecordOf(scene) is not { } asked)
            return Ask(scene, upgrade, attempt: 1);
        if (asked.Step != UpgradeSnapshotStep.Taking)
            return null;

        return scene.Found.UpgradeSnapshot switch
        {
            null => new ClusterAction.TakeSnapshot(
                asked.Name, asked.Attempt, asked.At, upgrade.From, $"It comes before the upgrade to {upgrade.To}."),
            { IsOurs: false } => Ask(scene, upgrade, asked.Attempt + 1),
            { IsGood: true } => new ClusterAction.AcceptSnapshot(asked.Name, $"{asked.Name} was found right."),
            { EndedAt: { } ended } when scene.Now - ended >= scene.Wanted.Times.BetweenUpgradeSnapshots =>
                Ask(scene, upgrade, asked.Attempt + 1),
            { EndedAt: not null } failed => Report(asked, upgrade, failed),
            { Trouble.Length: > 0 } waiting => Report(asked, upgrade, waiting),
            _ => scene.Wait($"the snapshot {asked.Name}, which comes before the upgrade to {upgrade.To}"),
        };
    }

    /// <summary>Whether what was written down is of no use any more: all members have what is wanted.</summary>
    internal static bool IsOver(Scene scene) =>
        scene.Wanted is { Upgrade: null, Problem: null } && scene.Found.Members is not null &&
        scene.Ready.All(member => member is { IsOutdated: false, IsHealthy: true });

    /// <summary>What was done before this upgrade: it counts for all that begin with the same image, as when another
    /// version is asked for half-way.</summary>
    private static UpgradeSnapshot? RecordOf(Scene scene) =>
        scene.Found.Record.UpgradeSnapshot is { } known && known.From == scene.Wanted.Upgrade!.From ? known : null;

    private static ClusterAction.TakeSnapshot Ask(Scene scene, UpgradeWanted upgrade, int attempt)
    {
        string name = $"{scene.Wanted.Name}-before-{upgrade.To}";
        return new ClusterAction.TakeSnapshot(
            attempt == 1 ? name : $"{name}-{attempt}",
            attempt,
            scene.Now,
            upgrade.From,
            $"It comes before the upgrade to {upgrade.To}.");
    }

    private static ClusterAction.Blocked Report(
        UpgradeSnapshot asked, UpgradeWanted upgrade, UpgradeSnapshotFound found) => new(
        Obstacle.UpgradeSnapshotFailed,
        $"The snapshot {asked.Name} before the upgrade to {upgrade.To} is not taken: {found.Trouble} " +
        "The members keep their version.");
}
