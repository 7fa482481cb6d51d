using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Cel;

/// <summary>The values of expressions: null, bool, long, double, string, lists, maps (objects of JSON as they are),
/// quantities, durations, times, addresses.</summary>
internal static class CelValues
{
    public static object? From(JsonNode? node) => node switch
    {
        null => null,
        JsonArray list => list.Select(From).ToList(),
        JsonObject map => map,
        _ => FromScalar((JsonValue)node),
    };

    public static bool AreEqual(object? left, object? right)
    {
        if (left is JsonObject leftMap && right is JsonObject rightMap)
            return JsonFields.AreSame(leftMap, rightMap);
        if (left is List<object?> leftList && right is List<object?> rightList)
        {
            return leftList.Count == rightList.Count
                && leftList.Zip(rightList).All(pair => AreEqual(pair.First, pair.Second));
        }

        return IsNumber(left) && IsNumber(right) ? Compare(left, right) == 0 : Equals(left, right);
    }

    /// <exception cref="CelException">They have no order.</exception>
    public static int Compare(object? left, object? right) => (left, right) switch
    {
        (long a, long b) => a.CompareTo(b),
        (string a, string b) => string.CompareOrdinal(a, b),
        (bool a, bool b) => a.CompareTo(b),
        (TimeSpan a, TimeSpan b) => a.CompareTo(b),
        (DateTimeOffset a, DateTimeOffset b) => a.CompareTo(b),
        (Quantity a, Quantity b) => a.CompareTo(b),
        _ when IsNumber(left) && IsNumber(right) => ToDouble(left).CompareTo(ToDouble(right)),
        _ => throw new CelException($"no such overload: {TypeOf(left)} compared with {TypeOf(right)}"),
    };

    public static double ToDouble(object? value) => Convert.ToDouble(value, CultureInfo.InvariantCulture);

    public static bool IsNumber(object? value) => value is long or double;

    public static string ToText(object? value) => value switch
    {
        null => "null",
        string text => text,
        bool flag => flag ? "true" : "false",
        JsonObject map => map.ToJsonString(JsonText.Plain),
        List<object?> list => "[" + string.Join(", ", list.Select(ToText)) + "]",
        TimeSpan span => span.TotalSeconds.ToString(CultureInfo.InvariantCulture) + "s",
        DateTimeOffset time => TimeConverter.ToText(time.UtcDateTime),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    public static string TypeOf(object? value) => value switch
    {
        null => "null_type",
        bool => "bool",
        long => "int",
        double => "double",
        string => "string",
        List<object?> => "list",
        JsonObject => "map",
        TimeSpan => "duration",
        DateTimeOffset => "timestamp",
        _ => value.GetType().Name.ToLowerInvariant(),
    };

    private static object? FromScalar(JsonValue value) => value.GetValueKind() switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.String => value.GetValue<string>(),
        JsonValueKind.Number => JsonFields.AsInteger(value) is { } whole ? whole : JsonFields.AsDouble(value),
        _ => null,
    };
}
