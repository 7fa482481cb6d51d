using Kv.Raft;
using Kv.Replication;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Passes changes of the membership through the log.</summary>
internal sealed class MembershipChanges(Inbox inbox, RequestIds ids)
{
    /// <summary>Throws with etcd's status if the change is refused, before or after it was logged.</summary>
    public async Task ProposeAsync(MemberChange change, ulong memberId, ReadOnlyMemory<byte> context) =>
        Refusal.ThrowIfRefused(await TryProposeAsync(change, memberId, context));

    /// <summary>The same, the reason of a refusal as a value.</summary>
    public async Task<KvError> TryProposeAsync(MemberChange change, ulong memberId, ReadOnlyMemory<byte> context)
    {
        var proposal = new ConfProposal(
            new ConfChange(ids.Next(), (ConfChangeType)change, new NodeId(memberId), context));
        return inbox.TryPost(ReplicaEvent.ProposeChange(proposal)) ? await proposal.Done : KvError.TooManyRequests;
    }
}
