using Kv.Raft;

namespace Kv.Node.Tests.Raft;

public sealed class RaftCostTests
{
    private const int BatchCount = 100;
    private const int BatchLength = 100;

    /// <summary>The entries lie in arrays that are there already, and outputs are filled again and again: what a lone
    /// voter allocates for an entry is what its proposer brought.</summary>
    [Fact]
    public void A_lone_voter_allocates_nothing_for_an_entry()
    {
        RaftNode node = LoneLeader();
        var output = new Output();
        byte[] data = new byte[256];
        Run(node, output, data); // grows what has to be grown

        long before = GC.GetAllocatedBytesForCurrentThread();
        Run(node, output, data);
        long perEntry = (GC.GetAllocatedBytesForCurrentThread() - before) / (BatchCount * BatchLength);
        Assert.Equal(0, perEntry);
    }

    private static void Run(RaftNode node, Output output, byte[] data)
    {
        for (int batch = 0; batch < BatchCount; batch++)
        {
            for (int i = 0; i < BatchLength; i++)
                node.Propose(data);
            node.TakeOutput(output);
            node.OnPersisted(output.WriteNumber);
            node.TakeOutput(output);
            Assert.True(output.Committed.Count == BatchLength);
            node.OnApplied(output.Committed[^1].Index);
            node.Compact(node.Applied - 50);
        }
    }

    private static RaftNode LoneLeader()
    {
        var id = new NodeId(1);
        var node = new RaftNode(
            new RaftOptions { Id = id, Random = new Random(1) },
            new RestoredState { Conf = ConfState.OfVoters(id) });
        var output = new Output();
        Assert.True(node.Campaign());
        for (int i = 0; i < 3; i++)
        {
            node.TakeOutput(output);
            if (output.WriteNumber != 0)
                node.OnPersisted(output.WriteNumber);
        }

        return node;
    }
}
