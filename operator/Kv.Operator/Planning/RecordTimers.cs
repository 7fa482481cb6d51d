using Kv.Operator.Planning.Rules;

namespace Kv.Operator.Planning;

/// <summary>Keeps in the record since when something has been wrong, so that patience survives the operator.</summary>
public static class RecordTimers
{
    public static ClusterRecord Refresh(WantedCluster wanted, FoundCluster found)
    {
        var scene = new Scene(wanted, found);
        bool isQuorumLost = scene.HasFormed && !scene.Quorum.Holds;
        return found.Record with
        {
            MembersBeforeRoll = RollRules.IsRollOver(scene) ? "" : found.Record.MembersBeforeRoll,
            UpgradeSnapshot = UpgradeRules.IsOver(scene) ? null : found.Record.UpgradeSnapshot,
            QuorumLostSince = isQuorumLost ? found.Record.QuorumLostSince ?? found.Now : null,
            Members = [.. scene.Members.Select(member => Refresh(member, found.Now))],
        };
    }

    private static MemberRecord Refresh(MemberScene member, DateTimeOffset now)
    {
        if (member.Record.Phase == MemberPhase.Joining)
            return member.Record; // it has a deadline of its own

        return member.IsHealthy
            ? member.Record with { SilentSince = null, Restarts = 0, RestartedAt = null }
            : member.Record with { SilentSince = member.Record.SilentSince ?? now };
    }
}
