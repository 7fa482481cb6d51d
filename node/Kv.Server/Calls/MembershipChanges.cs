using Kv.Raft;
using Kv.Replication;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Passes changes of the membership through the log.</summary>
internal sealed class MembershipChanges(Inbox inbox, RequestIds ids)
{
    /// <summary>Throws with etcd's status if the change is refused, before or after it was logged.</summary>
    public async Task ProposeAsync(MemberChange change, ulong memberId, ReadOnlyMemory<byte> context)
    {
        var proposal = new ConfProposal(
            new ConfChange(ids.Next(), (ConfChangeType)change, new NodeId(memberId), context));
        if (!inbox.TryPost(ReplicaEvent.ProposeChange(proposal)))
            throw Refusal.ToException(KvError.TooManyRequests);
        Refusal.ThrowIfRefused(await proposal.Done);
    }
}
