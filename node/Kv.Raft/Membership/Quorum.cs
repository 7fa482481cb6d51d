namespace Kv.Raft;

internal enum VoteResult
{
    Pending,
    Won,
    Lost,
}

/// <summary>Decisions of a majority of voters; of two sets of them while the membership is joint, when nothing is
/// decided but by a majority in both (Raft §6).</summary>
internal sealed class Quorum(Progress[] voters, Progress[] votersOutgoing)
{
    /// <summary>More voters than this are refused when the membership changes.</summary>
    public const int VotersMax = 64;

    public int VoterCount => voters.Length;

    public bool IsJoint => votersOutgoing.Length > 0;

    /// <summary>Whether <paramref name="self"/> decides alone.</summary>
    public bool IsOnly(NodeId self) => !IsJoint && voters.Length == 1 && voters[0].Id == self;

    /// <summary>The highest number that a majority has reached.</summary>
    public ulong Agreed(Func<Progress, ulong> reached) =>
        Math.Min(Agreed(voters, reached), Agreed(votersOutgoing, reached));

    public VoteResult Count(Func<Progress, bool?> vote)
    {
        VoteResult result = Count(voters, vote);
        VoteResult outgoing = Count(votersOutgoing, vote);
        if (result == VoteResult.Lost || outgoing == VoteResult.Lost)
            return VoteResult.Lost;

        return result == outgoing ? result : VoteResult.Pending;
    }

    private static ulong Agreed(Progress[] of, Func<Progress, ulong> reached)
    {
        if (of.Length == 0)
            return ulong.MaxValue; // so that an empty second set decides nothing

        Span<ulong> numbers = stackalloc ulong[VotersMax];
        numbers = numbers[..of.Length];
        for (int i = 0; i < of.Length; i++)
            numbers[i] = reached(of[i]);
        numbers.Sort();
        return numbers[(of.Length - 1) / 2];
    }

    private static VoteResult Count(Progress[] of, Func<Progress, bool?> vote)
    {
        int granted = 0;
        int refused = 0;
        foreach (Progress voter in of)
        {
            bool? cast = vote(voter);
            granted += cast == true ? 1 : 0;
            refused += cast == false ? 1 : 0;
        }

        int majority = (of.Length / 2) + 1;
        if (of.Length == 0 || granted >= majority)
            return VoteResult.Won;

        return refused > of.Length - majority ? VoteResult.Lost : VoteResult.Pending;
    }
}
