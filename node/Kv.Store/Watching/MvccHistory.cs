namespace Kv.Store.Watching;

/// <summary>The history that the hub reads, from the store itself.</summary>
public sealed class MvccHistory(MvccStore store) : IHistory
{
    public long CurrentRevision => store.CurrentRevision;

    public long CompactRevision => store.CompactRevision;

    public long ReadChanges(long fromRevision, int revisionsMax, int bytesMax, IHistorySink sink) =>
        store.ReadChanges(fromRevision, revisionsMax, bytesMax, sink);

    public bool TryGetAt(ReadOnlySpan<byte> key, long revision, out ReadOnlyMemory<byte> keyValue) =>
        store.TryGetAt(key, revision, out keyValue);
}
