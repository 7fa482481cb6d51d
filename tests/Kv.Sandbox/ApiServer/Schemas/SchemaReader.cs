using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Cel;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Schemas;

/// <summary>Reads the schema of a custom resource and finds what makes it not structural, or what its rules say that
/// cannot be evaluated.</summary>
internal sealed class SchemaReader
{
    private const int DepthMax = 100;

    private static readonly string[] Types = ["object", "array", "string", "integer", "number", "boolean"];

    private static readonly string[] ForbiddenKeys = ["$ref", "definitions", "dependencies", "id", "patternProperties",
        "additionalItems"];

    private readonly List<FieldFault> _faults = [];

    public static Schema Read(JsonObject source, string path, out IReadOnlyList<FieldFault> faults)
    {
        var reader = new SchemaReader();
        Schema schema = reader.Read(source, path, isLogical: false, depth: 0);
        if (schema.Type != "object")
        {
            reader._faults.Add(FieldFault.Invalid(path + ".type", source["type"]?.DeepClone(),
                "must be object at root"));
        }

        faults = reader._faults;
        return schema;
    }

    /// <param name="isLogical">Whether it stands in allOf, anyOf, oneOf or not, where only values are judged.</param>
    private Schema Read(JsonObject source, string path, bool isLogical, int depth)
    {
        if (depth > DepthMax)
        {
            _faults.Add(FieldFault.Forbidden(path, "the schema is nested too deeply"));
            return new Schema { Source = [] };
        }

        Check(source, path, isLogical);
        var schema = new Schema
        {
            Source = source,
            Type = source.Text("type") ?? "",
            Properties = source.Map("properties")?.ToDictionary(
                pair => pair.Key,
                pair => Read(pair.Value as JsonObject ?? [], $"{path}.properties[{pair.Key}]", isLogical, depth + 1),
                StringComparer.Ordinal) ?? [],
            Items = ReadPart(source, path, "items", isLogical, depth),
            AdditionalProperties = ReadPart(source, path, "additionalProperties", isLogical, depth),
            AllowsAnyProperty = source.Flag("additionalProperties"),
            PreservesUnknown = source.Flag("x-kubernetes-preserve-unknown-fields"),
            IsIntOrString = source.Flag("x-kubernetes-int-or-string"),
            IsEmbedded = source.Flag("x-kubernetes-embedded-resource"),
            IsNullable = source.Flag("nullable"),
            Default = source["default"],
            ListType = source.Text("x-kubernetes-list-type") ?? "atomic",
            ListMapKeys = [.. source.Texts("x-kubernetes-list-map-keys")],
            IsAtomicMap = source.Text("x-kubernetes-map-type") == "atomic",
            AllOf = ReadLogical(source, path, "allOf", depth),
            AnyOf = ReadLogical(source, path, "anyOf", depth),
            OneOf = ReadLogical(source, path, "oneOf", depth),
            Not = ReadPart(source, path, "not", isLogical: true, depth),
            Rules = [.. source.Items("x-kubernetes-validations").Select(CelRule.Read)],
        };
        CheckMeaning(schema, path);
        return schema;
    }

    private Schema? ReadPart(JsonObject source, string path, string name, bool isLogical, int depth) =>
        source.Map(name) is { } part ? Read(part, $"{path}.{name}", isLogical, depth + 1) : null;

    private List<Schema> ReadLogical(JsonObject source, string path, string name, int depth) =>
    [
        .. source.Items(name).Select(
            (part, index) => Read(part, $"{path}.{name}[{index}]", isLogical: true, depth + 1)),
    ];

    private void Check(JsonObject source, string path, bool isLogical)
    {
        foreach (string key in ForbiddenKeys.Where(source.ContainsKey))
            _faults.Add(FieldFault.Forbidden($"{path}.{key}", $"{key} is not supported"));
        string type = source.Text("type") ?? "";
        bool isFree = source.Flag("x-kubernetes-int-or-string") || source.Flag("x-kubernetes-preserve-unknown-fields");
        if (type.Length == 0 && !isLogical && !isFree)
            _faults.Add(FieldFault.Required(path + ".type", "must not be empty for specified object fields"));
        if (type.Length > 0 && !Types.Contains(type))
            _faults.Add(FieldFault.NotSupported(path + ".type", type, Types.Select(each => JsonValue.Create(each))));
        if (type == "array" && !isLogical && source.Map("items") is null)
            _faults.Add(FieldFault.Required(path + ".items", "must be specified"));
        if (source.Map("properties") is not null && source["additionalProperties"] is not null)
        {
            _faults.Add(FieldFault.Forbidden(
                path + ".additionalProperties", "additionalProperties and properties are mutual exclusive"));
        }

        if (source.Text("pattern") is not { } pattern)
            return;
        try
        {
            CelFunctions.IsMatch("", pattern);
        }
        catch (CelException fault)
        {
            _faults.Add(FieldFault.Invalid(path + ".pattern", pattern,
                $"must be a valid regular expression, {fault.Message}"));
        }
    }

    private void CheckMeaning(Schema schema, string path)
    {
        if (schema.ListType is not ("atomic" or "set" or "map"))
        {
            _faults.Add(FieldFault.NotSupported(
                path + ".x-kubernetes-list-type", schema.ListType, ["atomic", "set", "map"]));
        }

        if (schema.ListType == "map" && schema.ListMapKeys.Count == 0)
        {
            _faults.Add(FieldFault.Required(path + ".x-kubernetes-list-map-keys",
                "must not be empty if list type is map"));
        }

        foreach (string key in schema.ListMapKeys.Where(
            key => schema.Items?.Properties.ContainsKey(key) != true))
        {
            _faults.Add(FieldFault.Invalid(
                path + ".x-kubernetes-list-map-keys", key, "entries must be a property of the items"));
        }

        foreach ((int index, CelRule rule) in schema.Rules.Index())
        {
            string field = $"{path}.x-kubernetes-validations[{index}].rule";
            if (rule.Expression.Length == 0)
                _faults.Add(FieldFault.Required(field, "rule is not specified"));
            else if (rule.FindFault(schema) is { } fault)
                _faults.Add(FieldFault.Invalid(field, rule.Expression, $"compilation failed: ERROR: {fault}"));
        }

        if (schema.Default is { } value && new SchemaValidator(path + ".default").Validate(schema, value, old: null) is
            { Count: > 0 } faults)
        {
            _faults.AddRange(faults);
        }
    }
}
