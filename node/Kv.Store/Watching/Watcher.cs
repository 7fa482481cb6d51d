namespace Kv.Store.Watching;

/// <summary>One watcher of a stream. All of it but <see cref="Mail"/> belongs to the hub's lane.</summary>
internal sealed class Watcher(WatchStream stream, long id, WatchCreate request)
{
    public WatchStream Stream { get; } = stream;

    public long Id { get; } = id;

    public WatchCreate Request { get; } = request;

    public WatcherMail Mail { get; } = new();

    public WatcherState State { get; set; }

    /// <summary>The first revision whose events it has not been given, or the first it wants. A live watcher has been
    /// given all up to the hub's revision, so there this is only a lower bound.</summary>
    public long Next { get; set; }

    /// <summary>Whether it got events since progress was last due.</summary>
    public bool HeardOfLate { get; set; }

    /// <summary>Where it stands in the index that holds it.</summary>
    public WatchGroup? Group { get; set; }

    public int GroupIndex { get; set; }

    /// <summary>Where it stands among those being caught up.</summary>
    public int CatchUpIndex { get; set; }
}

internal enum WatcherState
{
    /// <summary>Given every event as it happens.</summary>
    Live,

    /// <summary>Being given what it missed from history.</summary>
    Behind,

    /// <summary>Behind, and its consumer must read before it can be given more.</summary>
    Waiting,

    /// <summary>What it should have been given next is compacted; told so, and left until cancelled.</summary>
    Lost,
}
