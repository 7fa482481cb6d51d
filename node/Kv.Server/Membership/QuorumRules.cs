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

    /// <summary>Whether so many connected voters of all are a quorum even with one more, who is not there yet; asked
    /// for a learner too, which is to be a voter. One that has yet to start may be missing, as may one that is
    /// down. (As etcd 3.5.30 answers; the first releases of 3.5 wanted all to be connected.)</summary>
    public static bool AllowGrowing(int voters, int connected) => voters == 1 || connected >= Quorum(voters + 1);

    /// <summary>Whether enough voters have started for a learner, which has too, to become one.</summary>
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
