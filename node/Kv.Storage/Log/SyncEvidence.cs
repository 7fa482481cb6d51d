namespace Kv.Storage.Log;

/// <summary>Learns from the order of records how much of a segment had been synced by the time they were written. Two
/// things show it:
/// <list type="bullet">
/// <item>a checksum record that is not the segment's first: our writer begins with it what it writes after a sync (to
/// etcd it is a record that holds nothing and is right);</item>
/// <item>an entry that comes after something else that comes after an entry: etcd writes "entries, then state" and
/// syncs if there were entries, so the earlier ones were on disk before the later one was written. Our writer keeps to
/// that order too.</item>
/// </list>
/// Records that cannot be read in between do not weaken either.</summary>
internal struct SyncEvidence
{
    private long _entriesEnd;
    private bool _hasLeftEntries;

    /// <summary>All before this offset was on disk when the last record seen was written.</summary>
    public long SyncedTo { get; private set; }

    public void OnRecord(RecordType type, long offset, long end)
    {
        switch (type)
        {
            case RecordType.Checksum:
                SyncedTo = offset;
                break;
            case RecordType.Entry:
                if (_entriesEnd > 0 && _hasLeftEntries)
                    SyncedTo = _entriesEnd;
                _entriesEnd = end;
                _hasLeftEntries = false;
                break;
            default:
                _hasLeftEntries = true;
                break;
        }
    }
}
