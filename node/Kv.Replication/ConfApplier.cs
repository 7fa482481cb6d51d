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

    /// <summary>The store is that of a snapshot now, with these members.</summary>
    public void Restore(ConfState conf)
    {
        Conf = conf;

        // etcd 3.4 does not write it down, and a restart needs it.
        if (!store.Backend.TryGet(StoreBucket.Meta, ConfStates.Key, out _))
            store.Backend.Put(StoreBucket.Meta, ConfStates.Key, ConfStates.ToJson(conf));
    }

    public void Apply(in Entry entry, bool isNew, ForwardedRequests forwarded)
    {
        if (!ConfChangeCodec.TryDecode(entry.Data, out ConfChange? change))
            throw new RaftSafetyException($"Entry {entry.Id} holds a change of the membership that cannot be read.");

        KvError error = isNew ? ApplyNew(change) : CheckApplied(change);
        ConfChangeV2 effective = error == KvError.None ? change.ToV2() : (change with { Node = NodeId.None }).ToV2();
        if (ConfChanger.TryApply(Conf, effective, out ConfState? next))
            Conf = next;
        if (isNew)
        {
            store.Backend.Put(StoreBucket.Meta, ConfStates.Key, ConfStates.ToJson(Conf));
            store.Backend.SetConsistentIndex(entry.Index, entry.Term);
        }

        inbox.Post(ReplicaEvent.ConfApplied(entry.Index, effective));
        (entry.Tag as ConfProposal ?? forwarded.Take(change.Id))?.Finish(error);
    }

    private KvError ApplyNew(ConfChange change) =>
        store.Members.Apply((MemberChange)change.Type, change.Node.Value, change.Context.Span);

    // A store that was sent may be further than the snapshot it came with: then it tells what became of the change, and
    // only Raft has yet to hear of it.
    private KvError CheckApplied(ConfChange change)
    {
        bool isThere = store.Members.Find(change.Node.Value) is not null;
        bool isDone = isThere != (change.Type == ConfChangeType.RemoveNode);
        return isDone ? KvError.None : KvError.MemberNotFound;
    }
}
