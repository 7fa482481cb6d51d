using System.Text.Json.Nodes;

namespace Kv.Interop.Tests.Wire;

/// <summary>What the names in recorded requests stand for: what the list was recorded with, and what earlier answers
/// gave. An answer that was captured differs from run to run, so later recorded answers are read with the value of
/// this run in the place of the recorded one.</summary>
public sealed class Placeholders
{
    private const string RepeatKey = "$b64_repeat";

    private readonly Dictionary<string, string> _values;
    private readonly Dictionary<string, string> _recorded = new(StringComparer.Ordinal);

    public Placeholders(int minor)
    {
        _values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["MEMBER"] = "16896469237725768638",
            ["PEERURL"] = "http://" + PeerAddress,
            ["PREV2"] = $"3.{minor - 2}",
            ["PREV"] = $"3.{minor - 1}",
            ["CUR"] = $"3.{minor}",
            ["NEXT"] = $"3.{minor + 1}",
        };
    }

    /// <summary>Where the recorded member said it was; ids follow from it.</summary>
    public static string ClientAddress => "127.0.0.1:26000";

    public static string PeerAddress => "127.0.0.1:26001";

    /// <summary>The token that was captured under "TOKEN_name", or the name itself if none was.</summary>
    public string Token(string name) => _values.GetValueOrDefault("TOKEN_" + name, name);

    public void Capture(string name, string recorded, string actual)
    {
        _values[name] = actual;
        _recorded[recorded] = actual;
    }

    /// <summary>A request with its names replaced.</summary>
    public JsonNode? Expand(JsonNode? node) => Map(node, ExpandText);

    /// <summary>A recorded answer as it must be in this run.</summary>
    public JsonNode? Expected(JsonNode? node) => Map(node, text => _recorded.GetValueOrDefault(text, text));

    private static JsonNode? Map(JsonNode? node, Func<string, string> replace)
    {
        switch (node)
        {
            case JsonObject repeated when repeated[RepeatKey] is JsonArray what:
                byte[] bytes = new byte[(int)what[1]!];
                bytes.AsSpan().Fill((byte)((string)what[0]!)[0]);
                return Convert.ToBase64String(bytes);
            case JsonObject fields:
                return new JsonObject(
                    fields.Select(field => KeyValuePair.Create(field.Key, Map(field.Value, replace))));
            case JsonArray items:
                return new JsonArray([.. items.Select(item => Map(item, replace))]);
            case JsonValue value when value.TryGetValue(out string? text):
                return replace(text);
            default:
                return node?.DeepClone();
        }
    }

    private string ExpandText(string text)
    {
        if (!text.Contains('$', StringComparison.Ordinal))
            return text;

        // The longer names first: $PREV2 begins with $PREV.
        foreach ((string name, string value) in _values.OrderByDescending(pair => pair.Key.Length))
            text = text.Replace("$" + name, value, StringComparison.Ordinal);
        return text;
    }
}
