namespace Kv.Raft;

/// <summary>The membership as this node has applied it, with a <see cref="Progress"/> for each member: for voters,
/// outgoing voters and learners alike.</summary>
internal sealed class ProgressTracker
{
    private readonly NodeId _self;
    private readonly Func<Inflights> _newInflights;

    public ProgressTracker(NodeId self, Func<Inflights> newInflights, ConfState conf, ulong lastIndex)
    {
        _self = self;
        _newInflights = newInflights;
        Conf = ConfState.Empty;
        Quorum = new Quorum([], []);
        Switch(conf, lastIndex);
    }

    public ConfState Conf { get; private set; }

    public Quorum Quorum { get; private set; }

    /// <summary>In ascending order of their ids, so that equal nodes act in equal order.</summary>
    public Progress[] Members { get; private set; } = [];

    /// <summary>This node, if it is a member.</summary>
    public Progress? Self { get; private set; }

    public bool SelfIsVoter => Self is { IsLearner: false };

    public Progress? Find(NodeId id)
    {
        foreach (Progress member in Members)
        {
            if (member.Id == id)
                return member;
        }

        return null;
    }

    public void Reset(ulong lastIndex)
    {
        foreach (Progress member in Members)
            member.Reset(next: lastIndex + 1);
    }

    /// <summary>Takes over another membership; whoever is in both keeps its progress.</summary>
    public void Switch(ConfState conf, ulong lastIndex)
    {
        Conf = conf;
        Members =
        [
            .. conf.Voters.Concat(conf.VotersOutgoing).Concat(conf.Learners).Concat(conf.LearnersNext)
                .Distinct()
                .Order()
                .Select(id => Find(id) ?? NewMember(id, lastIndex)),
        ];
        foreach (Progress member in Members)
            member.IsLearner = conf.Learners.Contains(member.Id);
        Self = Find(_self);
        Quorum = new Quorum(
            [.. conf.Voters.Select(id => Find(id)!)],
            [.. conf.VotersOutgoing.Select(id => Find(id)!)]);
    }

    private Progress NewMember(NodeId id, ulong lastIndex)
    {
        var member = new Progress(id, _newInflights());
        member.Reset(next: Math.Max(lastIndex, 1));

        // Else a leader could fail its next check of the quorum for want of one that had no time to answer.
        member.IsActive = true;
        return member;
    }
}
