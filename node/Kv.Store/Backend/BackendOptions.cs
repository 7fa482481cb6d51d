using Kv.Storage;
using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>How the store's page file is opened and how often it is written. The defaults are etcd's.</summary>
public sealed record BackendOptions
{
    /// <summary>Where batches are written. Its work may be done at once by who posts it, or on another
    /// thread.</summary>
    public required ILane CommitLane { get; init; }

    public PageFileOptions Pages { get; init; } = new();

    /// <summary>A batch waits this long for more, and no longer.</summary>
    public TimeSpan BatchInterval { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>A batch with as many operations is written at once.</summary>
    public int BatchOperationsMax { get; init; } = 10_000;

    /// <summary>So is one with as many bytes.</summary>
    public long BatchBytesMax { get; init; } = 16 << 20;

    /// <summary>While the commit lane is behind, a batch grows up to here; then the apply lane waits.</summary>
    public long PendingBytesMax { get; init; } = 64 << 20;
}
