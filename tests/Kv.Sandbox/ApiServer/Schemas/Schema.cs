using System.Text.Json.Nodes;

namespace Kv.Sandbox.ApiServer.Schemas;

/// <summary>A structural schema, or a part of one: what a custom resource may look like, what is filled in, and how
/// its lists and maps are merged.</summary>
internal sealed class Schema
{
    /// <summary>As the definition has it.</summary>
    public required JsonObject Source { get; init; }

    /// <summary>object, array, string, integer, number or boolean; empty where any will do.</summary>
    public string Type { get; init; } = "";

    public IReadOnlyDictionary<string, Schema> Properties { get; init; } = new Dictionary<string, Schema>();

    public Schema? Items { get; init; }

    /// <summary>Of the values of a map with free keys.</summary>
    public Schema? AdditionalProperties { get; init; }

    /// <summary>additionalProperties: true.</summary>
    public bool AllowsAnyProperty { get; init; }

    public bool PreservesUnknown { get; init; }

    public bool IsIntOrString { get; init; }

    /// <summary>Whether it holds a whole object with apiVersion, kind and metadata.</summary>
    public bool IsEmbedded { get; init; }

    public bool IsNullable { get; init; }

    public JsonNode? Default { get; init; }

    /// <summary>atomic, set or map.</summary>
    public string ListType { get; init; } = "atomic";

    public IReadOnlyList<string> ListMapKeys { get; init; } = [];

    public bool IsAtomicMap { get; init; }

    public IReadOnlyList<CelRule> Rules { get; init; } = [];

    public IReadOnlyList<Schema> AllOf { get; init; } = [];

    public IReadOnlyList<Schema> AnyOf { get; init; } = [];

    public IReadOnlyList<Schema> OneOf { get; init; } = [];

    public Schema? Not { get; init; }

    /// <summary>Whether fields of a map are free: nothing is known about them.</summary>
    public bool IsOpen => PreservesUnknown || AllowsAnyProperty || (Type == "object" && Properties.Count == 0
        && AdditionalProperties is null);
}
