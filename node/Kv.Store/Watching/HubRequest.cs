namespace Kv.Store.Watching;

/// <summary>What others ask of the hub, done on its lane in the order asked, and in order with what is
/// published.</summary>
internal abstract record HubRequest
{
    private HubRequest()
    {
    }

    public sealed record Create(WatchStream Stream, WatchCreate Watcher, string? Refusal) : HubRequest;

    public sealed record Cancel(WatchStream Stream, long WatchId) : HubRequest;

    public sealed record Progress(WatchStream Stream) : HubRequest;

    /// <summary>The stream's consumer has read enough for more to be given.</summary>
    public sealed record Room(WatchStream Stream) : HubRequest;

    public sealed record Close(WatchStream Stream) : HubRequest;

    public sealed record Tick(TimeSpan Now) : HubRequest;

    /// <summary>Revisions up to the one given happened without being published.</summary>
    public sealed record Skip(long Revision) : HubRequest;
}
