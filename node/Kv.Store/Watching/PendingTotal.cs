namespace Kv.Store.Watching;

/// <summary>What waits for all consumers of a hub together. Any thread.</summary>
internal sealed class PendingTotal
{
    private long _cost;
    private long _events;

    public long Cost => Interlocked.Read(ref _cost);

    public long Events => Interlocked.Read(ref _events);

    public void Add(long cost, int events)
    {
        Interlocked.Add(ref _cost, cost);
        Interlocked.Add(ref _events, events);
    }
}
