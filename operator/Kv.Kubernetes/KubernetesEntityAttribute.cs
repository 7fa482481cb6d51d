namespace Kv.Kubernetes;

/// <summary>Where objects of a type live in the API: what the client makes paths of, and what a new object says of
/// itself.</summary>
[AttributeUsage(AttributeTargets.Class, Inherited = false)]
public sealed class KubernetesEntityAttribute : Attribute
{
    /// <summary>The API group; empty for the core group.</summary>
    public string Group { get; set; } = "";

    /// <summary>The version within the group, "v1".</summary>
    public string ApiVersion { get; set; } = "v1";

    public required string Kind { get; set; }

    /// <summary>The name in paths, "pods".</summary>
    public required string PluralName { get; set; }
}
