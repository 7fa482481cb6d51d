using Kv.Raft;
using Kv.Store;

namespace Kv.Replication;

/// <summary>A snapshot on its way to another member: the message, and after it the bytes of the page file as of the
/// message's index. Whoever got it disposes it when all is sent, or given up; until then the page file keeps the space
/// of what it shows. For one thread at a time.</summary>
public sealed class OutgoingSnapshot : IDisposable
{
    private readonly StoreSnapshot _store;

    private OutgoingSnapshot(Message message, StoreSnapshot store)
    {
        Message = message;
        _store = store;
    }

    /// <summary>Complete: with the index, the term and the members of what is sent, and the document that etcd up to
    /// 3.6 wants to find in it.</summary>
    public Message Message { get; }

    public NodeId To => Message.To;

    /// <summary>How many bytes of the page file follow the message.</summary>
    public long Bytes => _store.Bytes;

    /// <summary>Fills <paramref name="destination"/> with the bytes from <paramref name="offset"/> on; the count is
    /// short only at the end.</summary>
    public int Read(long offset, Span<byte> destination) => _store.Read(offset, destination);

    public void Dispose() => _store.Dispose();

    /// <summary>Completes a message of Raft's, which says only who is to be sent a snapshot and what the least is that
    /// it must contain. All that the message says is read from what is sent; null if that cannot go with this
    /// message: it is older than wanted, or from a later term than the message.</summary>
    internal static OutgoingSnapshot? Begin(Backend backend, Message wanted)
    {
        StoreSnapshot store = backend.BeginSnapshot();
        if (store.Index < wanted.Snapshot!.Id.Index || store.Term == 0 || store.Term > wanted.Term)
        {
            store.Dispose();
            return null;
        }

        var id = new EntryId(store.Term, store.Index);
        Message message = wanted.With(new Snapshot(id, ConfStates.Of(store), store.ToV2StoreJson()));
        return new OutgoingSnapshot(message, store);
    }
}
