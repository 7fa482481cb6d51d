using Kv.Raft;

namespace Kv.Node.Tests.Raft;

/// <summary>Sees that no leader that checks its quorum goes on leading without one (Raft thesis §6.2): two election
/// timeouts after it has last heard from a majority it leads no more. A change of the membership or a transfer of
/// leadership gives it that time again.</summary>
internal sealed class QuorumWatch(int electionTicks)
{
    private readonly Dictionary<NodeId, Reign> _reigns = [];

    /// <summary>How often a leader was found to lead by right when it had long been in office.</summary>
    public int Proven { get; private set; }

    /// <summary>A message has arrived at a member.</summary>
    public void OnHeard(Member member, Message message)
    {
        bool isAnswer = message.Type is MessageType.AppendResponse or MessageType.HeartbeatResponse;
        if (isAnswer && message.Term == member.Raft.Term && ReignOf(member) is { } reign)
            reign.LastHeard[message.From] = reign.Ticks;
    }

    public void OnTransfer(Member member) => _reigns.Remove(member.Id);

    /// <summary>The member has seen a tick.</summary>
    public void OnTick(Member member)
    {
        if (ReignOf(member) is not { } reign)
            return;

        reign.Ticks++;
        int limit = 2 * electionTicks;
        if (reign.Ticks <= limit)
            return;

        CheckHeard(member, reign, reign.Conf.Voters, limit);
        CheckHeard(member, reign, reign.Conf.VotersOutgoing, limit);
        Proven++;
    }

    private static void CheckHeard(Member member, Reign reign, IReadOnlyList<NodeId> voters, int limit)
    {
        int near = voters.Count(voter =>
            voter == member.Id || reign.LastHeard.GetValueOrDefault(voter) >= reign.Ticks - limit);
        Assert.True(
            voters.Count == 0 || near > voters.Count / 2,
            $"{member}: leads on, though it heard from {near} of {voters.Count} for {limit} ticks.");
    }

    private Reign? ReignOf(Member member)
    {
        if (member.Raft.Role != RaftRole.Leader)
        {
            _reigns.Remove(member.Id);
            return null;
        }

        Reign? known = _reigns.GetValueOrDefault(member.Id);
        if (known is null || known.Term != member.Raft.Term || !known.Conf.Equals(member.Raft.Conf))
            _reigns[member.Id] = known = new Reign(member.Raft.Term, member.Raft.Conf);
        return known;
    }

    private sealed class Reign(ulong term, ConfState conf)
    {
        public ulong Term { get; } = term;

        public ConfState Conf { get; } = conf;

        public int Ticks { get; set; }

        public Dictionary<NodeId, int> LastHeard { get; } = [];
    }
}
