namespace Kv.Kubernetes;

/// <summary>How to write.</summary>
public sealed record WriteOptions
{
    public static WriteOptions Default { get; } = new();

    /// <summary>Under which name the server notes who owns the fields.</summary>
    public string? FieldManager { get; init; }

    /// <summary>With server-side apply: take fields that others own, instead of being refused.</summary>
    public bool Force { get; init; }

    /// <summary>Whether to go through everything, admission too, and then not to write.</summary>
    public bool DryRun { get; init; }

    /// <summary>"Strict", "Warn" or "Ignore": what to make of fields that the server does not know.</summary>
    public string? FieldValidation { get; init; }

    /// <summary>"status", "scale", "eviction"; null for the object itself.</summary>
    public string? Subresource { get; init; }
}
