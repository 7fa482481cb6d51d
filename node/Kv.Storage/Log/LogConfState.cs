namespace Kv.Storage.Log;

/// <summary>The members that vote and those that listen (raftpb.ConfState). In a joint configuration
/// <paramref name="VotersOutgoing"/> vote too.</summary>
public sealed record LogConfState(
    ulong[] Voters,
    ulong[] Learners,
    ulong[] VotersOutgoing,
    ulong[] LearnersNext,
    bool AutoLeave)
{
    public bool Equals(LogConfState? other) =>
        other is not null
        && Voters.AsSpan().SequenceEqual(other.Voters)
        && Learners.AsSpan().SequenceEqual(other.Learners)
        && VotersOutgoing.AsSpan().SequenceEqual(other.VotersOutgoing)
        && LearnersNext.AsSpan().SequenceEqual(other.LearnersNext)
        && AutoLeave == other.AutoLeave;

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (ulong voter in Voters)
            hash.Add(voter);
        hash.Add(AutoLeave);
        return hash.ToHashCode();
    }
}
