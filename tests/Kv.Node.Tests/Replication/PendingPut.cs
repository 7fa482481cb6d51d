using Etcdserverpb;
using Kv.Replication;
using Kv.Store;

namespace Kv.Node.Tests.Replication;

/// <summary>A put that a client waits for.</summary>
internal sealed class PendingPut(Proposer proposer, Proposal proposal, Task<KvError> outcome)
{
    // An answer is told by a thread of the pool.
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    /// <summary>Nobody has ended it yet. An answer that is on its way counts as one.</summary>
    public bool IsWaiting => proposal.IsWaiting(proposal.Round);

    public KvError Outcome() => outcome.WaitAsync(Deadline).GetAwaiter().GetResult();

    /// <summary>The revision that was acknowledged.</summary>
    public long Revision()
    {
        Assert.False(IsWaiting, "The put was not answered.");
        Assert.Equal(KvError.None, Outcome());
        long revision = PutResponse.Parser.ParseFrom(proposal.Reply.Encoded).Header.Revision;
        proposer.Return(proposal);
        return revision;
    }
}
