using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Json;

/// <summary>The API's MicroTime: as Time, but always with six digits of a second; the API refuses others.</summary>
public sealed class MicroTimeConverter : JsonConverter<DateTime>
{
    public override DateTime Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TimeConverter.Parse(reader.GetString());

    public override void Write(Utf8JsonWriter writer, DateTime value, JsonSerializerOptions options) =>
        writer.WriteStringValue(ToText(value));

    /// <summary>The time as the API writes it; one of no known kind counts as local.</summary>
    public static string ToText(DateTime time) =>
        time.ToUniversalTime().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
