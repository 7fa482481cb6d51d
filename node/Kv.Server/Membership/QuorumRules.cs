using Kv.Store;

namespace Kv.Server.Membership;

/// <summary>Whether a change of the membership would leave a quorum that can work: etcd's rules of strict
/// reconfiguration (membership.RaftCluster, IsReadyToAddVotingMember and those beside it).</summary>
internal static class QuorumRules
{
    /// <summary>Whether enough voters have started for one more, which has not.</summary>
    public static bool AllowAdding(IEnumerable<ClusterMember> members)
    {
        (int voters, int started) = Count(members);

        // The way from one member to two: the quorum is two then, and the new one must come up.
        return (voters == 1 && started == 1) || started >= Quorum(voters + 1);
    }

    /// <summary>The same for a learner that becomes a voter, and has started.</summary>
    public static bool AllowPromoting(IEnumerable<ClusterMember> members)
    {
        (int voters, int started) = Count(members);
        return started + 1 >= Quorum(voters + 1);
    }

    public static bool AllowRemoving(IEnumerable<ClusterMember> members, ulong id)
    {
        (int voters, int started) = Count(members.Where(member => member.Id != id));
        return voters > 0 && started >= Quorum(voters);
    }

    /// <summary>Whether the connected voters are still a quorum when one of them has gone.</summary>
    public static bool AllowLosing(int voters, int connected) => connected - 1 >= 1 + ((voters - 1) / 2);

    private static int Quorum(int voters) => (voters / 2) + 1;

    private static (int Voters, int Started) Count(IEnumerable<ClusterMember> members)
    {
        ClusterMember[] voters = [.. members.Where(member => !member.IsLearner)];
        return (voters.Length, voters.Count(member => member.IsStarted));
    }
}
