using Kv.Raft;
using Kv.Testing;

namespace Kv.Node.Tests.Raft;

public sealed class QuorumTests
{
    /// <summary>Against the definition: a majority of a set is more than half of it, and of two sets, of
    /// both.</summary>
    [Theory]
    [Seeds(200)]
    public void Decides_as_the_definition_of_a_majority_does(int seed)
    {
        var random = new Random(seed);
        Progress[] members = [.. Enumerable.Range(1, 7).Select(id => Member((ulong)id, random))];
        Progress[] voters = Subset(members, random);
        Progress[] outgoing = random.Next(2) == 0 ? [] : Subset(members, random);
        var quorum = new Quorum(voters, outgoing);

        bool Holds(Func<Progress, bool> condition) => IsMajority(voters, condition) && IsMajority(outgoing, condition);
        ulong expected = (ulong)Enumerable.Range(0, 10).Last(index => Holds(member => member.Match >= (ulong)index));
        Assert.Equal(expected, quorum.Agreed(member => member.Match));

        bool canWin = Holds(member => member.Vote != false);
        VoteResult result = Holds(member => member.Vote == true) ? VoteResult.Won
            : canWin ? VoteResult.Pending
            : VoteResult.Lost;
        Assert.Equal(result, quorum.Count(member => member.Vote));
    }

    [Fact]
    public void A_single_voter_decides_alone_unless_another_set_counts_too()
    {
        var one = new Progress(new NodeId(1), new Inflights(1, 1));
        var two = new Progress(new NodeId(2), new Inflights(1, 1));
        Assert.True(new Quorum([one], []).IsOnly(one.Id));
        Assert.False(new Quorum([one], []).IsOnly(two.Id));
        Assert.False(new Quorum([one], [one]).IsOnly(one.Id));
        Assert.False(new Quorum([one, two], []).IsOnly(one.Id));
    }

    private static Progress Member(ulong id, Random random)
    {
        var member = new Progress(new NodeId(id), new Inflights(1, 1));
        member.TryAdvance((ulong)random.Next(10));
        member.Vote = random.Next(3) switch { 0 => null, 1 => true, _ => false };
        return member;
    }

    private static Progress[] Subset(Progress[] members, Random random)
    {
        random.Shuffle(members);
        return members[..random.Next(1, members.Length + 1)];
    }

    private static bool IsMajority(Progress[] of, Func<Progress, bool> condition) =>
        of.Length == 0 || 2 * of.Count(condition) > of.Length;
}
