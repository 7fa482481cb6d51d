using Kv.Operator.Api;

namespace Kv.Operator.Pages;

/// <summary>All that the status page shows, as the caches have it at one moment. The objects belong to the caches and
/// are only read.</summary>
public sealed record PageScene
{
    public IReadOnlyList<V1KvCluster> Clusters { get; init; } = [];

    public IReadOnlyList<V1KvSnapshot> Snapshots { get; init; } = [];

    /// <summary>Namespaces that are looked at; empty for all.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    /// <summary>Version of clusters that name none.</summary>
    public string DefaultVersion { get; init; } = "";

    /// <summary>Whether this process works, or another one does.</summary>
    public bool Leads { get; init; }

    /// <summary>Whether the caches have been filled once: until then nothing is known.</summary>
    public bool AreCachesFilled { get; init; } = true;

    /// <summary>What is wrong with this process; null if nothing is.</summary>
    public string? Trouble { get; init; }
}
