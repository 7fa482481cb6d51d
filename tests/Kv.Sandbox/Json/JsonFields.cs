using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kv.Sandbox.Json;

/// <summary>Reads and writes fields of JSON that was written by somebody else: what is missing, or of another type, is
/// null or empty, never an exception.</summary>
internal static class JsonFields
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 256, AllowDuplicateProperties = false };

    /// <exception cref="JsonException">It is not JSON, or not an object.</exception>
    public static JsonObject ParseObject(ReadOnlySpan<byte> utf8) =>
        JsonNode.Parse(utf8, documentOptions: Strict) as JsonObject
            ?? throw new JsonException("The JSON is no object.");

    public static JsonObject ParseObject(string text) => ParseObject(System.Text.Encoding.UTF8.GetBytes(text));

    public static JsonNode? At(this JsonNode? node, params ReadOnlySpan<string> path)
    {
        foreach (string name in path)
        {
            if (node is not JsonObject map || !map.TryGetPropertyValue(name, out node))
                return null;
        }

        return node;
    }

    public static string? Text(this JsonNode? node, params ReadOnlySpan<string> path) => AsText(node.At(path));

    public static long? Number(this JsonNode? node, params ReadOnlySpan<string> path) => AsInteger(node.At(path));

    public static bool Flag(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonValue value && value.GetValueKind() == JsonValueKind.True;

    public static JsonObject? Map(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) as JsonObject;

    /// <summary>The objects of a list.</summary>
    public static IEnumerable<JsonObject> Items(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.OfType<JsonObject>() : [];

    /// <summary>The strings of a list.</summary>
    public static IEnumerable<string> Texts(this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonArray list ? list.Select(AsText).OfType<string>() : [];

    /// <summary>The strings of a map, as labels are.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Pairs(
        this JsonNode? node, params ReadOnlySpan<string> path) =>
        node.At(path) is JsonObject map
            ? map.Select(pair => KeyValuePair.Create(pair.Key, AsText(pair.Value) ?? ""))
            : [];

    public static string? AsText(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : null;

    /// <summary>The value of a number without a fraction.</summary>
    public static long? AsInteger(JsonNode? node)
    {
        if (node is not JsonValue value || value.GetValueKind() != JsonValueKind.Number)
            return null;
        if (value.TryGetValue(out long number))
            return number;
        if (value.TryGetValue(out int small))
            return small;
        return AsDouble(node) is { } real && real == Math.Truncate(real) && Math.Abs(real) < long.MaxValue
            ? (long)real
            : null;
    }

    public static double? AsDouble(JsonNode? node) =>
        node is JsonValue value && value.GetValueKind() == JsonValueKind.Number
            ? double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture)
            : null;

    /// <summary>The object at a path, made if it is missing.</summary>
    public static JsonObject Ensure(this JsonObject map, params ReadOnlySpan<string> path)
    {
        foreach (string name in path)
        {
            if (map[name] is not JsonObject next)
            {
                next = [];
                map[name] = next;
            }

            map = next;
        }

        return map;
    }

    /// <summary>Sets a field unless it has a value.</summary>
    public static void Default(this JsonObject map, string name, JsonNode? value)
    {
        if (map[name] is null)
            map[name] = value;
    }

    /// <summary>A copy that belongs to nobody.</summary>
    public static T Copy<T>(this T node)
        where T : JsonNode => (T)node.DeepClone();

    public static JsonArray ToArray(IEnumerable<string> texts) => [.. texts.Select(text => JsonValue.Create(text))];

    public static bool AreSame(JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);

    public static byte[] ToUtf8(this JsonNode node) => JsonSerializer.SerializeToUtf8Bytes(node, JsonText.Plain);
}
