using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Cel;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Schemas;

/// <summary>The limits that a schema sets for single values: enum, minimum, pattern, lengths, formats.</summary>
internal static class ValueLimits
{
    public static IEnumerable<FieldFault> FindFaults(JsonObject schema, JsonNode value, string path)
    {
        if (schema["enum"] is JsonArray allowed && !allowed.Any(each => JsonFields.AreSame(each, value)))
            yield return FieldFault.NotSupported(path, value, allowed);

        IEnumerable<string> findings = value switch
        {
            JsonArray list => InList(schema, list),
            JsonObject map => InMap(schema, map),
            _ when JsonFields.AsText(value) is { } text => InText(schema, text),
            _ when JsonFields.AsDouble(value) is { } number => InNumber(schema, number),
            _ => [],
        };
        JsonNode? shown = value is JsonArray or JsonObject ? null : value;
        foreach (string finding in findings)
        {
            yield return shown is null
                ? new FieldFault(path, "FieldValueInvalid", $"Invalid value: {Count(value)}: {path} in body {finding}")
                : FieldFault.Invalid(path, shown, $"{path} in body {finding}");
        }
    }

    private static int Count(JsonNode value) => value is JsonArray list ? list.Count : value.AsObject().Count;

    private static IEnumerable<string> InNumber(JsonObject schema, double number)
    {
        if (JsonFields.AsDouble(schema["minimum"]) is { } least)
        {
            bool isExclusive = schema.Flag("exclusiveMinimum");
            if (number < least || (isExclusive && number <= least))
                yield return $"should be greater than {(isExclusive ? "" : "or equal to ")}{Show(least)}";
        }

        if (JsonFields.AsDouble(schema["maximum"]) is { } most)
        {
            bool isExclusive = schema.Flag("exclusiveMaximum");
            if (number > most || (isExclusive && number >= most))
                yield return $"should be less than {(isExclusive ? "" : "or equal to ")}{Show(most)}";
        }

        if (JsonFields.AsDouble(schema["multipleOf"]) is { } step && step > 0 && Math.Abs(number % step) > 1e-9)
            yield return $"should be a multiple of {Show(step)}";
    }

    private static IEnumerable<string> InText(JsonObject schema, string text)
    {
        int length = text.EnumerateRunes().Count();
        if (schema.Number("minLength") is { } least && length < least)
            yield return $"should be at least {least} chars long";
        if (schema.Number("maxLength") is { } most && length > most)
            yield return $"should be at most {most} chars long";
        if (schema.Text("pattern") is { } pattern && !CelFunctions.IsMatch(text, pattern))
            yield return $"should match '{pattern}'";
        if (schema.Text("format") is { } format && !HasFormat(format, text))
            yield return $"must be of type {format}: \"{text}\"";
    }

    private static IEnumerable<string> InList(JsonObject schema, JsonArray list)
    {
        if (schema.Number("minItems") is { } least && list.Count < least)
            yield return $"should have at least {least} items";
        if (schema.Number("maxItems") is { } most && list.Count > most)
            yield return $"should have at most {most} items";
        if (schema.Flag("uniqueItems")
            && list.Select(each => each?.ToJsonString(JsonText.Plain)).Distinct().Count() < list.Count)
        {
            yield return "shouldn't contain duplicates";
        }
    }

    private static IEnumerable<string> InMap(JsonObject schema, JsonObject map)
    {
        if (schema.Number("minProperties") is { } least && map.Count < least)
            yield return $"should have at least {least} properties";
        if (schema.Number("maxProperties") is { } most && map.Count > most)
            yield return $"should have at most {most} properties";
    }

    /// <summary>The formats that Kubernetes checks, as far as they are used; the others are only notes.</summary>
    private static bool HasFormat(string format, string text) => format switch
    {
        "date-time" => DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out _),
        "date" => DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _),
        "duration" => GoDuration.TryParse(text, out _),
        "ipv4" => IPAddress.TryParse(text, out IPAddress? address)
            && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork,
        "ipv6" => IPAddress.TryParse(text, out IPAddress? address)
            && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6,
        "cidr" => IPNetwork.TryParse(text, out _),
        "uri" => Uri.TryCreate(text, UriKind.Absolute, out _),
        "uuid" => Guid.TryParse(text, out _),
        "byte" => Convert.TryFromBase64String(text, new byte[text.Length], out _),
        _ => true,
    };

    private static string Show(double number) => number.ToString(CultureInfo.InvariantCulture);
}
