using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Json;

/// <summary>The API's Time: RFC 3339 in UTC, whole seconds when written, any number of digits of a second when
/// read.</summary>
public sealed class TimeConverter : JsonConverter<DateTime>
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        Parse(reader.GetString());

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        writer.WriteStringValue(ToText(value));

    /// <summary>The time as the API writes it; one of no known kind counts as local.</summary>
    public static string ToText(DateTime time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    /// <exception cref="JsonException">The text is not a time.</exception>
    internal static DateTime Parse(string? text)
    {
        const DateTimeStyles Utc = DateTimeStyles.AdjustToUniversal | DateTimeStyles.AssumeUniversal;
        return DateTime.TryParse(text, CultureInfo.InvariantCulture, Utc, out DateTime time)
            ? time
            : throw new JsonException($"'{text}' is not a time of RFC 3339.");
    }
}
