namespace Kv.Store.Watching;

/// <summary>Events of one watcher that its consumer has not taken yet. Guarded by the <see cref="Outbox"/> of the
/// stream.</summary>
internal sealed class WatcherMail
{
    public EventList Events { get; } = new();

    /// <summary>The store's revision when the last of the events was added.</summary>
    public long HeaderRevision { get; set; }

    /// <summary>Whether the outbox has an item that stands for these events.</summary>
    public bool IsQueued { get; set; }
}
