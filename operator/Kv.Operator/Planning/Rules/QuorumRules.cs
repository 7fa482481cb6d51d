namespace Kv.Operator.Planning.Rules;

/// <summary>Without a quorum nothing can be changed, and nothing may be guessed: it is reported, and a person decides.
/// Lost quorums of machines that come back heal by themselves.</summary>
public static class QuorumRules
{
    public static ClusterAction? ReportLostData(Scene scene)
    {
        MemberScene[] had = [.. scene.Members.Where(member => member.HadData)];
        bool isLost = had.Length > 0 && had.All(member => !member.HasData) &&
            scene.Found.Volumes.All(volume => volume.IsRetained || volume.MarkedFor == 0 || volume.IsLost) &&
            !scene.Quorum.Holds;
        return !isLost
            ? null
            : RecoveryRules.RefuseRequest(scene) ?? new ClusterAction.Blocked(
                Obstacle.DataLost, "No volume with the cluster's data is left. Recover it from a snapshot.");
    }

    public static ClusterAction? WaitForQuorum(Scene scene)
    {
        if (scene.Quorum.Holds)
            return null;

        if (scene.HasAlarm(AlarmKind.Corrupt) && scene.Found.Members is not null)
        {
            return new ClusterAction.Blocked(
                Obstacle.Corrupt, "The alarm CORRUPT is raised for so many members that no quorum is beyond doubt.");
        }

        string missing = string.Join(
            ", ", scene.Members.Where(member => !member.IsHealthy && member.Record.Phase != MemberPhase.Joining)
                .Select(member => member.Name + Trouble(member)));
        string text = $"Not enough voters serve; missing: {missing}";
        bool isLost = scene.Found.Record.QuorumLostSince is { } since &&
            scene.Now - since >= scene.Wanted.Times.QuorumLostAfter;
        return isLost ? new ClusterAction.Blocked(Obstacle.QuorumLost, text + ".") : scene.Wait(text);
    }

    private static string Trouble(MemberScene member) => member switch
    {
        { HasVolume: false } => " (its volume is gone)",
        { Pod: null } => " (it has no pod)",
        { Pod.TroubleText.Length: > 0 } => $" ({member.Pod.TroubleText})",
        { Answer: null } => " (it does not answer)",
        { Answer.LeaderId: 0 } => " (it sees no leader)",
        _ => "",
    };
}
