using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Kv.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Logging;

/// <summary>One thing that happened, before it is a line.</summary>
internal readonly record struct LogEvent(
    DateTimeOffset Time,
    LogLevel Level,
    string Caller,
    string Message,
    IReadOnlyList<KeyValuePair<string, object?>> Fields,
    Exception? Exception);

/// <summary>Lines as etcd writes them, which is what its users' log collectors read.
/// <code>
/// json      {"level":"info","ts":"2026-08-20T10:00:00.123456Z","caller":"node/Started","msg":"...","key":"value"}
/// console   2026-08-20T10:00:00.123456Z TAB info TAB node/Started TAB ... TAB {"key":"value"}
/// </code>
/// A field's name is the parameter's, with hyphens: <c>localMemberId</c> is <c>local-member-id</c>.</summary>
internal static class LineFormat
{
    private static readonly JsonWriterOptions Json = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] ToJson(in LogEvent happened)
    {
        var bytes = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(bytes, Json))
        {
            writer.WriteStartObject();
            writer.WriteString("level", LevelName(happened.Level));
            writer.WriteString("ts", Timestamp(happened.Time));
            writer.WriteString("caller", happened.Caller);
            writer.WriteString("msg", happened.Message);
            WriteFields(writer, happened);
            writer.WriteEndObject();
        }

        bytes.Write("\n"u8);
        return bytes.WrittenSpan.ToArray();
    }

    public static byte[] ToConsole(in LogEvent happened)
    {
        var fields = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(fields, Json))
        {
            writer.WriteStartObject();
            WriteFields(writer, happened);
            writer.WriteEndObject();
        }

        string head = string.Join(
            '\t', Timestamp(happened.Time), LevelName(happened.Level), happened.Caller, happened.Message);
        const int EmptyObjectLength = 2;
        return fields.WrittenCount == EmptyObjectLength
            ? Encoding.UTF8.GetBytes($"{head}\n")
            : Encoding.UTF8.GetBytes($"{head}\t{Encoding.UTF8.GetString(fields.WrittenSpan)}\n");
    }

    private static void WriteFields(Utf8JsonWriter writer, in LogEvent happened)
    {
        foreach ((string name, object? value) in happened.Fields)
        {
            if (name == "{OriginalFormat}")
                continue;
            writer.WritePropertyName(ToKebabCase(name));
            WriteValue(writer, value);
        }

        if (happened.Exception is null)
            return;
        writer.WriteString("error", happened.Exception.Message);
        if (happened.Level >= LogLevel.Error)
            writer.WriteString("stacktrace", happened.Exception.ToString());
    }

    private static void WriteValue(Utf8JsonWriter writer, object? value)
    {
        switch (value)
        {
            case null:
                writer.WriteNullValue();
                break;
            case bool flag:
                writer.WriteBooleanValue(flag);
                break;
            case int or long or uint or ulong or short or ushort or byte:
                writer.WriteRawValue(((IFormattable)value).ToString(null, CultureInfo.InvariantCulture));
                break;
            case TimeSpan duration:
                writer.WriteStringValue(GoDuration.Format(duration));
                break;
            case string text:
                writer.WriteStringValue(text);
                break;
            case IEnumerable list:
                writer.WriteStartArray();
                foreach (object? item in list)
                    WriteValue(writer, item);
                writer.WriteEndArray();
                break;
            default:
                writer.WriteStringValue(Convert.ToString(value, CultureInfo.InvariantCulture));
                break;
        }
    }

    /// <summary>To the microsecond, trailing zeros left out, an offset without a colon.</summary>
    private static string Timestamp(DateTimeOffset time)
    {
        string local = time.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFF", CultureInfo.InvariantCulture);
        return time.Offset == TimeSpan.Zero
            ? local + "Z"
            : local + time.ToString("zzz", CultureInfo.InvariantCulture).Replace(":", "");
    }

    private static string LevelName(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "fatal",
    };

    private static string ToKebabCase(string name)
    {
        var text = new StringBuilder(name.Length + 4);
        foreach ((int index, char letter) in name.Index())
        {
            if (char.IsAsciiLetterUpper(letter) && index > 0)
                text.Append('-');
            text.Append(char.ToLowerInvariant(letter));
        }

        return text.ToString();
    }
}
