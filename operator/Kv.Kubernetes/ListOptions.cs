namespace Kv.Kubernetes;

/// <summary>What to list.</summary>
public sealed record ListOptions
{
    /// <summary>Null for all namespaces, and for kinds that are in none.</summary>
    public string? Namespace { get; init; }

    public string? LabelSelector { get; init; }

    public string? FieldSelector { get; init; }

    /// <summary>How many at most in one answer; the rest is asked for with <see cref="Continue"/>.</summary>
    public int? Limit { get; init; }

    public string? Continue { get; init; }

    /// <summary>Null for the newest; "0" for any that the server has at hand.</summary>
    public string? ResourceVersion { get; init; }

    /// <summary>Whether the server is to leave out all but the metadata: who only wants to know that a Secret changed
    /// need not hold its contents.</summary>
    public bool MetadataOnly { get; init; }
}
