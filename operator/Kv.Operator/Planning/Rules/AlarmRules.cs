namespace Kv.Operator.Planning.Rules;

/// <summary>What members raise alarm about: data that does not match, and stores that are full.</summary>
public static class AlarmRules
{
    /// <summary>Share of the quota below which a store counts as having room again.</summary>
    private const double RoomFrom = 0.9;

    /// <summary>A member whose data differs from the others' is replaced at once: every answer of it may be wrong.
    /// </summary>
    public static ClusterAction? ReplaceCorrupt(Scene scene)
    {
        foreach (AlarmFound alarm in scene.Found.Alarms.Where(alarm => alarm.Kind == AlarmKind.Corrupt))
        {
            MemberEntry? entry = scene.Found.Members!.FirstOrDefault(entry => entry.Id == alarm.MemberId);
            if (entry is null)
                return new ClusterAction.Disarm(alarm.MemberId, alarm.Kind, "The member it was raised for is gone.");

            MemberScene? member = scene.Members.FirstOrDefault(member => member.Entry == entry);
            if (member is null || member.Record.Phase == MemberPhase.Replacing)
                continue; // not ours to replace, or already going

            return scene.Quorum.AllowsRemovalOf(isHealthy: false)
                ? new ClusterAction.EnterPhase(member.Name, MemberPhase.Replacing, "Its data differs from the others'.")
                : new ClusterAction.Blocked(
                    Obstacle.Corrupt,
                    $"{member.Name} raised the alarm CORRUPT, and too few others serve to replace it.");
        }

        return null;
    }

    /// <summary>Gives up history, shortens the stores one by one, leader last, and lifts the alarm only when all
    /// have room. If that does not help, other rules go on meanwhile: a larger quota is a roll, a larger volume a
    /// growth.</summary>
    public static ClusterAction? MakeRoom(Scene scene)
    {
        if (!scene.HasAlarm(AlarmKind.NoSpace))
            return null;
        if (scene.IsAdopting && scene.Others.Any())
            return null; // its history may be somebody else's to keep

        bool isRoomy = scene.Found.Members!.All(entry => scene.AnswerOf(entry) is { } answer && HasRoom(scene, answer));
        if (isRoomy && scene.Ready.Any(member => member.IsOutdated))
            return null; // the quota by which they have room may be one that they do not have yet
        if (isRoomy)
        {
            AlarmFound alarm = scene.Found.Alarms.First(alarm => alarm.Kind == AlarmKind.NoSpace);
            return new ClusterAction.Disarm(alarm.MemberId, alarm.Kind, "All stores have room again.");
        }

        DateTimeOffset? compacted = scene.Found.Record.CompactedAt;
        if (compacted is null || scene.Now - compacted >= scene.Wanted.Times.BetweenSpaceRecoveries)
            return new ClusterAction.Compact("A store is full.");

        MemberScene? next = scene.Voters
            .Where(member => member.IsHealthy && !(member.Record.DefragmentedAt >= compacted))
            .OrderBy(member => member.IsLeader).ThenBy(member => member.Record.Serial)
            .FirstOrDefault();
        return next is null || !scene.Quorum.AllowsStopOf(isHealthy: true) // it serves nobody meanwhile
            ? null
            : new ClusterAction.Defragment(next.Name, "A store is full.");
    }

    /// <summary>What is left to say when giving up history was not enough.</summary>
    public static ClusterAction? ReportFull(Scene scene)
    {
        if (!scene.HasAlarm(AlarmKind.NoSpace))
            return null;
        string text = scene.IsAdopting && scene.Others.Any()
            ? "A store is full, and the etcd cluster's members are still in: give up history and lift the alarm there."
            : "A store is full of live data. Delete keys, or raise spec.storage.quota and, if need be, " +
                "spec.storage.size.";
        return new ClusterAction.Blocked(Obstacle.StoreFull, text);
    }

    private static bool HasRoom(Scene scene, MemberAnswer answer) =>
        answer.StoreBytes < scene.Wanted.QuotaBytes * RoomFrom;
}
