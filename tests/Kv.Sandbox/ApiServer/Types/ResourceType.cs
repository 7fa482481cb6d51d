using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Schemas;

namespace Kv.Sandbox.ApiServer.Types;

/// <summary>One kind of object in one version of its group, as it is served.</summary>
internal sealed record ResourceType(string Group, string Version, string Kind, string Plural)
{
    public bool IsNamespaced { get; init; } = true;

    public string Singular { get; init; } = Kind.ToLowerInvariant();

    public IReadOnlyList<string> ShortNames { get; init; } = [];

    public IReadOnlyList<string> Categories { get; init; } = [];

    public bool HasStatus { get; init; }

    public ScalePaths? Scale { get; init; }

    /// <summary>Of a custom resource; null for what is built in.</summary>
    public Schema? Schema { get; init; }

    /// <summary>What kubectl prints of it, apart from name and age; null for a kind that shows only these.</summary>
    public IReadOnlyList<PrintedColumn>? Columns { get; init; }

    /// <summary>Whether a client may replace an object without naming the version that it replaces.</summary>
    public bool AllowsUnconditionalUpdate => Schema is null;

    /// <summary>Under which its objects are stored; the versions of a group share it.</summary>
    public required string StoragePrefix { get; init; }

    /// <summary>How an object is rewritten between what is served and what is stored, when these differ.</summary>
    public ObjectConversion? Conversion { get; init; }

    public IReadOnlyList<string> Verbs { get; init; } = AllVerbs;

    public static IReadOnlyList<string> AllVerbs { get; } =
        ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

    /// <summary>As messages name it: with the group, if it has one.</summary>
    public string QualifiedPlural => Group.Length == 0 ? Plural : $"{Plural}.{Group}";

    public string ApiVersion => Group.Length == 0 ? Version : $"{Group}/{Version}";

    public string KeyOf(string space, string name) =>
        IsNamespaced ? $"{StoragePrefix}{space}/{name}" : StoragePrefix + name;

    /// <summary>Where all objects, or those of one namespace, are stored.</summary>
    public string PrefixOf(string space) =>
        IsNamespaced && space.Length > 0 ? $"{StoragePrefix}{space}/" : StoragePrefix;
}

/// <summary>Where a kind keeps what its scale subresource shows.</summary>
internal sealed record ScalePaths(string SpecReplicas, string StatusReplicas, string? Selector);

/// <summary>A column of what kubectl prints.</summary>
/// <param name="Path">A JSONPath; unused if there is a <see cref="Cell"/>.</param>
/// <param name="Priority">Above zero for columns of the wide form only.</param>
internal sealed record PrintedColumn(string Name, string Type, string Path, int Priority = 0)
{
    public string Description { get; init; } = "";

    public string Format { get; init; } = "";

    /// <summary>What the column shows of an object.</summary>
    public Func<JsonObject, JsonNode?>? Cell { get; init; }
}

/// <summary>A pair of rewritings that undo each other.</summary>
internal sealed record ObjectConversion(Func<JsonObject, JsonObject> ToStored, Func<JsonObject, JsonObject> ToServed);
