namespace Kv.Store.Watching;

/// <summary>What the hub needs of the store: the past. Called on the hub's lane, which may be another than the one
/// that changes the store.</summary>
public interface IHistory
{
    long CurrentRevision { get; }

    /// <summary>Revisions below it cannot be read any more; -1 if all can.</summary>
    long CompactRevision { get; }

    /// <summary>Gives <paramref name="sink"/> the changes from <paramref name="fromRevision"/> on that it wants, in
    /// order and whole revisions only: at least one, at most <paramref name="revisionsMax"/>, and no further one once
    /// <paramref name="bytesMax"/> have been given. Returns the revision to go on from.</summary>
    long ReadChanges(long fromRevision, int revisionsMax, int bytesMax, IHistorySink sink);

    /// <summary>Finds the encoded KeyValue that the key had at a revision; false also if that is compacted.</summary>
    bool TryGetAt(ReadOnlySpan<byte> key, long revision, out ReadOnlyMemory<byte> keyValue);
}
