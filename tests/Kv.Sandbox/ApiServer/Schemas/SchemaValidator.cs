using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Schemas;

/// <summary>Judges an object by a schema: types and limits first, and only if these hold, the rules, which may then
/// rely on them.</summary>
internal sealed class SchemaValidator(string root)
{
    private readonly List<FieldFault> _faults = [];

    /// <param name="old">What is replaced; null for what is new.</param>
    public IReadOnlyList<FieldFault> Validate(Schema schema, JsonNode? value, JsonNode? old)
    {
        Visit(schema, value, root);
        if (_faults.Count == 0)
            Judge(schema, value, old, root);
        return _faults;
    }

    private void Visit(Schema schema, JsonNode? value, string path)
    {
        if (value is null)
        {
            if (!schema.IsNullable && schema.Type.Length > 0)
                _faults.Add(FieldFault.WrongType(path, value, schema.Type));
            return;
        }

        if (!HasType(schema, value))
        {
            _faults.Add(FieldFault.WrongType(path, value, schema.IsIntOrString ? "integer or string" : schema.Type));
            return;
        }

        _faults.AddRange(ValueLimits.FindFaults(schema.Source, value, path));
        VisitChildren(schema, value, path);
        VisitLogic(schema, value, path);
    }

    private void VisitChildren(Schema schema, JsonNode value, string path)
    {
        switch (value)
        {
            case JsonObject map:
                foreach (string name in schema.Source.Texts("required").Where(name => !map.ContainsKey(name)))
                    _faults.Add(FieldFault.Required(Join(path, name)));
                foreach ((string name, JsonNode? field) in map)
                {
                    if (schema.Properties.TryGetValue(name, out Schema? property))
                        Visit(property, field, Join(path, name));
                    else if (schema.AdditionalProperties is not null)
                        Visit(schema.AdditionalProperties, field, Join(path, name));
                }

                break;
            case JsonArray list:
                if (schema.Items is not null)
                {
                    foreach ((int index, JsonNode? item) in list.Index())
                        Visit(schema.Items, item, $"{path}[{index}]");
                }

                FindDuplicates(schema, list, path);
                break;
        }
    }

    private void VisitLogic(Schema schema, JsonNode value, string path)
    {
        foreach (Schema each in schema.AllOf)
            Visit(each, value, path);
        if (schema.AnyOf.Count > 0 && !schema.AnyOf.Any(each => Fits(each, value, path)))
        {
            _faults.Add(FieldFault.Invalid(path, Short(value),
                $"{path} in body must validate at least one schema (anyOf)"));
        }

        if (schema.OneOf.Count > 0 && schema.OneOf.Count(each => Fits(each, value, path)) != 1)
        {
            _faults.Add(FieldFault.Invalid(path, Short(value),
                $"{path} in body must validate one and only one schema (oneOf)"));
        }

        if (schema.Not is not null && Fits(schema.Not, value, path))
            _faults.Add(FieldFault.Invalid(path, Short(value), $"{path} in body must not validate the schema (not)"));
    }

    private static bool Fits(Schema schema, JsonNode value, string path)
    {
        var trial = new SchemaValidator(path);
        trial.Visit(schema, value, path);
        return trial._faults.Count == 0;
    }

    private void FindDuplicates(Schema schema, JsonArray list, string path)
    {
        if (schema.ListType == "atomic")
            return;
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach ((int index, JsonNode? item) in list.Index())
        {
            JsonNode? key = item;
            if (schema.ListType == "map")
            {
                JsonObject keys = [];
                foreach (string name in schema.ListMapKeys)
                    keys[name] = item.At(name)?.DeepClone();
                key = keys;
            }

            if (!seen.Add(key?.ToJsonString(JsonText.Plain) ?? "null"))
                _faults.Add(FieldFault.Duplicate($"{path}[{index}]", key));
        }
    }

    private void Judge(Schema schema, JsonNode? value, JsonNode? old, string path)
    {
        foreach (CelRule rule in schema.Rules)
        {
            if (value is not null && rule.Judge(path, value, old) is { } fault)
                _faults.Add(fault);
        }

        switch (value)
        {
            case JsonObject map:
                foreach ((string name, JsonNode? field) in map)
                {
                    Schema? property = schema.Properties.GetValueOrDefault(name) ?? schema.AdditionalProperties;
                    if (property is not null)
                        Judge(property, field, old.At(name), Join(path, name));
                }

                break;
            case JsonArray list when schema.Items is not null:
                foreach ((int index, JsonNode? item) in list.Index())
                    Judge(schema.Items, item, FindOld(schema, item, old), $"{path}[{index}]");
                break;
        }
    }

    /// <summary>Which element of the old list an element was; only lists with keys can tell.</summary>
    private static JsonObject? FindOld(Schema schema, JsonNode? item, JsonNode? old) => schema.ListType == "map"
        ? old.Items().FirstOrDefault(
            each => schema.ListMapKeys.All(key => JsonFields.AreSame(each[key], item.At(key))))
        : null;

    private static bool HasType(Schema schema, JsonNode value)
    {
        JsonValueKind kind = value.GetValueKind();
        if (schema.IsIntOrString)
            return kind == JsonValueKind.String || JsonFields.AsInteger(value) is not null;
        return schema.Type switch
        {
            "object" => kind == JsonValueKind.Object,
            "array" => kind == JsonValueKind.Array,
            "string" => kind == JsonValueKind.String,
            "boolean" => kind is JsonValueKind.True or JsonValueKind.False,
            "integer" => JsonFields.AsInteger(value) is not null,
            "number" => kind == JsonValueKind.Number,
            _ => true,
        };
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";

    private static JsonNode? Short(JsonNode value) => value switch
    {
        JsonObject => "object",
        JsonArray => "array",
        _ => value.DeepClone(),
    };
}
