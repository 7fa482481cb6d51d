using System.Text.Json.Nodes;

namespace Kv.Sandbox.ApiServer.Schemas;

/// <summary>What a schema does to an object before it is judged: fields it does not know go, fields that have a
/// default and are missing come.</summary>
internal static class SchemaFilling
{
    private static readonly string[] ObjectFields = ["apiVersion", "kind", "metadata"];

    /// <summary>Removes what the schema does not know; the names of what went.</summary>
    public static IReadOnlyList<string> Prune(Schema schema, JsonObject root)
    {
        List<string> gone = [];
        PruneMap(schema, root, "", isRoot: true, gone);
        return gone;
    }

    /// <summary>Fills in defaults.</summary>
    public static void Fill(Schema schema, JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                FillMap(schema, map);
                break;
            case JsonArray list when schema.Items is not null:
                foreach (JsonNode? item in list)
                    Fill(schema.Items, item);
                break;
        }
    }

    private static void FillMap(Schema schema, JsonObject map)
    {
        foreach ((string name, Schema property) in schema.Properties)
        {
            // An explicit null counts as missing where null is no value.
            bool isMissing = !map.TryGetPropertyValue(name, out JsonNode? value)
                || (value is null && !property.IsNullable);
            if (isMissing && property.Default is not null)
                map[name] = property.Default.DeepClone();
            else if (isMissing && map.ContainsKey(name))
                map.Remove(name);
            if (map[name] is { } present)
                Fill(property, present);
        }

        if (schema.AdditionalProperties is null)
            return;
        foreach ((string name, JsonNode? value) in map)
        {
            if (!schema.Properties.ContainsKey(name))
                Fill(schema.AdditionalProperties, value);
        }
    }

    private static void Prune(Schema schema, JsonNode? node, string path, List<string> gone)
    {
        switch (node)
        {
            case JsonObject map:
                PruneMap(schema, map, path, schema.IsEmbedded, gone);
                break;
            case JsonArray list when schema.Items is not null:
                for (int index = 0; index < list.Count; index++)
                    Prune(schema.Items, list[index], $"{path}[{index}]", gone);
                break;
        }
    }

    private static void PruneMap(Schema schema, JsonObject map, string path, bool isRoot, List<string> gone)
    {
        foreach ((string name, JsonNode? value) in map.ToArray())
        {
            if (isRoot && ObjectFields.Contains(name))
                continue;
            string field = path.Length == 0 ? name : $"{path}.{name}";
            if (schema.Properties.TryGetValue(name, out Schema? property))
            {
                Prune(property, value, field, gone);
            }
            else if (schema.AdditionalProperties is not null)
            {
                Prune(schema.AdditionalProperties, value, field, gone);
            }
            else if (!schema.PreservesUnknown && !schema.AllowsAnyProperty)
            {
                map.Remove(name);
                gone.Add(field);
            }
        }
    }
}
