namespace Kv.Store;

/// <summary>A moment at which the store can be read in several steps as if it stood still.</summary>
internal readonly record struct ReadPoint(StoreView View, long Current, long Compacted, int Epoch)
{
    /// <summary>Why nothing can be read at a revision, if so.</summary>
    public KvError CheckReadable(long revision)
    {
        if (revision > Current)
            return KvError.FutureRevision;
        return revision < Compacted ? KvError.Compacted : KvError.None;
    }
}
