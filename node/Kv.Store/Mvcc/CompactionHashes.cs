namespace Kv.Store;

/// <summary>The hashes that the last compactions computed in passing, by which members can still be compared when one
/// has compacted and another not yet. In memory only, as in etcd.</summary>
internal sealed class CompactionHashes
{
    private const int KeptMax = 10;

    private readonly Lock _gate = new();
    private readonly List<KeyValueHash> _hashes = [];

    public void Add(KeyValueHash hash)
    {
        lock (_gate)
        {
            _hashes.Add(hash);
            if (_hashes.Count > KeptMax)
                _hashes.RemoveAt(0);
        }
    }

    public KeyValueHash[] ToArray()
    {
        lock (_gate)
            return [.. _hashes];
    }

    public bool TryGet(long revision, out KeyValueHash hash)
    {
        lock (_gate)
        {
            foreach (KeyValueHash kept in _hashes)
            {
                if (kept.Revision != revision)
                    continue;
                hash = kept;
                return true;
            }
        }

        hash = default;
        return false;
    }
}
