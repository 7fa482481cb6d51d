using Kv.Raft;
using Kv.Store;

namespace Kv.Replication;

/// <summary>Applies changes of the membership. Whether one is valid is decided here, when it is applied, since the
/// membership may have changed after it was proposed; one that is not is applied to Raft as a change of nobody, and
/// its proposer is told why.</summary>
internal sealed class ConfApplier(StoreParts store, ConfState conf, Inbox inbox)
{
    /// <summary>Who is in the cluster after the last entry that was applied.</summary>
    public ConfState Conf { get; private set; } = conf;

    public void Apply(in Entry entry, bool isNew)
    {
        if (!ConfChangeCodec.TryDecode(entry.Data, out ConfChange? change))
            throw new RaftSafetyException($"Entry {entry.Id} holds a change of the membership that cannot be read.");
        if (!isNew)
            return; // the page file holds it, and Raft was started with what it made of the membership

        KvError error = store.Members.Apply((MemberChange)change.Type, change.Node.Value, change.Context.Span);
        ConfChangeV2 effective = error == KvError.None ? change.ToV2() : (change with { Node = NodeId.None }).ToV2();
        if (ConfChanger.TryApply(Conf, effective, out ConfState? next))
        {
            Conf = next;
            store.Backend.Put(StoreBucket.Meta, ConfStates.Key, ConfStates.ToJson(next));
        }

        store.Backend.SetConsistentIndex(entry.Index, entry.Term);
        inbox.Post(ReplicaEvent.ConfApplied(entry.Index, effective));
        (entry.Tag as ConfProposal)?.Finish(error);
    }
}
