namespace Kv.Store;

/// <summary>A moment at which the store can be read in several steps as if it stood still. It has its own hold of the
/// index, which is another one from the moment on that a snapshot replaces the store.</summary>
internal readonly record struct ReadPoint(
    StoreView View, KeyIndex Index, long Current, long Compacted, ReadEpochs Epochs, int Epoch)
{
    /// <summary>Needs the index no more.</summary>
    public void LeaveIndex() => Epochs.Leave(Epoch);

    /// <summary>Why nothing can be read at a revision, if so.</summary>
    public KvError CheckReadable(long revision)
    {
        if (revision > Current)
            return KvError.FutureRevision;
        return revision < Compacted ? KvError.Compacted : KvError.None;
    }
}
