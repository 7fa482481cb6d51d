namespace Kv.Kubernetes;

/// <summary>What to watch.</summary>
public sealed record WatchOptions
{
    /// <inheritdoc cref="ListOptions.Namespace"/>
    public string? Namespace { get; init; }

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>Where a list or an earlier watch ended. Null: what is there comes first, as if it had just been
    /// added.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Whether <see cref="WatchEventType.Bookmark"/> is wanted.</summary>
    public bool AllowBookmarks { get; init; }

    /// <summary>When the server is to end the watch; null leaves it to the server.</summary>
    public TimeSpan? Timeout { get; init; }

    /// <summary>After how long without a byte the connection counts as dead, though nothing says so.</summary>
    public TimeSpan? IdleMax { get; init; }

    /// <inheritdoc cref="ListOptions.MetadataOnly"/>
    public bool MetadataOnly { get; init; }
}
