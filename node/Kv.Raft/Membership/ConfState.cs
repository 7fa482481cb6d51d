namespace Kv.Raft;

/// <summary>Who is in the cluster, and as what, at one index of the log (raftpb.ConfState). Lists are in ascending
/// order. While a joint change is under way there are two sets of voters, and every decision needs a majority in
/// both.</summary>
/// <param name="Voters">The voters, or while joint the voters to be.</param>
/// <param name="Learners">They get the log and have no vote.</param>
/// <param name="VotersOutgoing">While joint, the voters as they were; else empty.</param>
/// <param name="LearnersNext">Outgoing voters that become learners when the joint change ends.</param>
/// <param name="AutoLeave">Whether the leader ends the joint change by itself.</param>
public sealed record ConfState(
    IReadOnlyList<NodeId> Voters,
    IReadOnlyList<NodeId> Learners,
    IReadOnlyList<NodeId> VotersOutgoing,
    IReadOnlyList<NodeId> LearnersNext,
    bool AutoLeave)
{
    public static ConfState Empty { get; } = new([], [], [], [], AutoLeave: false);

    public bool IsJoint => VotersOutgoing.Count > 0;

    public static ConfState OfVoters(params IEnumerable<NodeId> voters) =>
        Empty with { Voters = [.. voters.Order()] };

    // A record would compare the lists by reference.
    public bool Equals(ConfState? other) =>
        other is not null
        && AutoLeave == other.AutoLeave
        && Voters.SequenceEqual(other.Voters)
        && Learners.SequenceEqual(other.Learners)
        && VotersOutgoing.SequenceEqual(other.VotersOutgoing)
        && LearnersNext.SequenceEqual(other.LearnersNext);

    public override int GetHashCode() => HashCode.Combine(Voters.Count, Learners.Count, VotersOutgoing.Count);

    public override string ToString()
    {
        string text = $"voters=({string.Join(' ', Voters)})";
        if (VotersOutgoing.Count > 0)
            text += $"&&({string.Join(' ', VotersOutgoing)})";
        if (Learners.Count > 0)
            text += $" learners=({string.Join(' ', Learners)})";
        if (LearnersNext.Count > 0)
            text += $" learners_next=({string.Join(' ', LearnersNext)})";
        return AutoLeave ? text + " autoleave" : text;
    }
}
