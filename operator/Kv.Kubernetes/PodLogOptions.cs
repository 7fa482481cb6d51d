namespace Kv.Kubernetes;

/// <summary>Which part of a container's log.</summary>
public sealed record PodLogOptions
{
    /// <summary>Null if the pod has one.</summary>
    public string? Container { get; init; }

    /// <summary>The container before its last restart.</summary>
    public bool Previous { get; init; }

    /// <summary>Go on as the container writes.</summary>
    public bool Follow { get; init; }

    public int? TailLines { get; init; }

    public int? LimitBytes { get; init; }

    public int? SinceSeconds { get; init; }

    public bool Timestamps { get; init; }
}
