using Kv.Store;
using Kv.Store.Watching;

namespace Kv.Node.Tests.Watching;

/// <summary>A store in memory that one thread may change while another reads.</summary>
internal sealed class LockedHistory(MemoryStore store) : IHistory
{
    private readonly Lock _gate = new();

    public long CurrentRevision => Locked(() => store.CurrentRevision);

    public long CompactRevision => Locked(() => store.CompactRevision);

    public void Do(Action change)
    {
        lock (_gate)
            change();
    }

    public long ReadChanges(long fromRevision, int revisionsMax, int bytesMax, IHistorySink sink) =>
        Locked(() => store.ReadChanges(fromRevision, revisionsMax, bytesMax, sink));

    public bool TryGetAt(ReadOnlySpan<byte> key, long revision, out ReadOnlyMemory<byte> keyValue)
    {
        lock (_gate)
            return store.TryGetAt(key, revision, out keyValue);
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
            return read();
    }
}
