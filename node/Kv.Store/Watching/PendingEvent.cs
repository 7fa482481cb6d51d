namespace Kv.Store.Watching;

/// <summary>An event on its way: its bytes as they stand in a WatchResponse, tag and length included, shared by all
/// watchers that get it.</summary>
internal readonly record struct PendingEvent(byte[] Bytes, long Revision)
{
    public long Cost => Bytes.Length + WatchLimits.EventOverheadBytes;
}
