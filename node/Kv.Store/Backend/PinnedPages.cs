using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>One read transaction of the page file, shared by all that read while it is the newest: beginning one is
/// paid for once per commit, not once per request. Ends when the last one lets go.</summary>
internal sealed class PinnedPages
{
    private readonly ReadTransaction _read;
    private int _holders = 1;

    public PinnedPages(StoreFile file)
    {
        File = file;
        _read = file.Pages.BeginRead();
        bool isThere = _read.TryOpenBucket(StoreBuckets.Name(StoreBucket.Key), out Bucket keys);
        Invariant.Require(isThere);
        Keys = keys;
    }

    public StoreFile File { get; }

    public ReadTransaction Read => _read;

    public Bucket Keys { get; }

    /// <summary>False if it has ended; then there is a newer one.</summary>
    public bool TryHold()
    {
        int holders = Volatile.Read(ref _holders);
        while (holders > 0)
        {
            int seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders)
                return true;
            holders = seen;
        }

        return false;
    }

    public void LetGo()
    {
        int left = Interlocked.Decrement(ref _holders);
        Invariant.Require(left >= 0);
        if (left == 0)
            _read.Dispose();
    }
}
