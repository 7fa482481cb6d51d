namespace Kv.Kubernetes.Informers;

/// <summary>Which objects an informer follows.</summary>
public sealed record InformerOptions
{
    /// <summary>One list and watch for each; empty for all namespaces, which needs the right to see them all.</summary>
    public IReadOnlyList<string> Namespaces { get; init; } = [];

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <inheritdoc cref="ListOptions.MetadataOnly"/>
    public bool MetadataOnly { get; init; }

    /// <summary>How often all objects are shown again, give or take a tenth. A safety net only; null for
    /// never.</summary>
    public TimeSpan? ResyncEvery { get; init; } = TimeSpan.FromHours(10);
}
