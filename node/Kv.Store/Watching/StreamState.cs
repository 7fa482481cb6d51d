namespace Kv.Store.Watching;

/// <summary>What the hub's lane knows of a stream.</summary>
internal sealed class StreamState
{
    public Dictionary<long, Watcher> Watchers { get; } = [];

    /// <summary>The last id chosen for a client, plus one. It never goes back, so no id is chosen twice.</summary>
    public long NextId { get; private set; }

    /// <summary>Whether progress was asked for while some watcher was behind; answered once all are live.</summary>
    public bool OwesProgress { get; set; }

    /// <summary>When watchers that asked for it are told their progress next; null while there are none.</summary>
    public TimeSpan? ProgressDue { get; set; }

    /// <summary>Where the stream stands in the desk's list; null while it has no watcher there.</summary>
    public int? ListIndex { get; set; }

    public bool IsClosed { get; set; }

    public long ChooseId()
    {
        while (Watchers.ContainsKey(NextId))
            NextId++;
        return NextId++;
    }
}
