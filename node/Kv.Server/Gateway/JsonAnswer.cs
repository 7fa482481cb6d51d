using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf.Reflection;
using Kv.Store;

namespace Kv.Server.Gateway;

/// <summary>Makes JSON of the bytes of a protobuf message: names as in the .proto file, what is zero or empty left out,
/// numbers of 64 bits as strings, bytes in base64, enums by name.</summary>
internal static class JsonAnswer
{
    private static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>One message; in an answer of many, each stands under a name of its own.</summary>
    public static void Write(
        IBufferWriter<byte> json, ReadOnlySpan<byte> message, MessageDescriptor type, string? wrapper = null)
    {
        using var writer = new Utf8JsonWriter(json, Options);
        if (wrapper is not null)
        {
            writer.WriteStartObject();
            writer.WritePropertyName(wrapper);
        }

        WriteMessage(writer, message, type);
        if (wrapper is not null)
            writer.WriteEndObject();
    }

    /// <summary>An error, as the answer or in the place of the next of many.</summary>
    public static byte[] OfError(int code, string message, bool isOfMany)
    {
        var json = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(json, Options))
        {
            writer.WriteStartObject();
            if (isOfMany)
                writer.WriteStartObject("error");
            writer.WriteNumber("code", code);
            writer.WriteString("message", message);
            if (isOfMany)
                writer.WriteEndObject();
            writer.WriteEndObject();
        }

        return json.WrittenSpan.ToArray();
    }

    // The bytes are gone over once for each field of the type, as JSON wants what belongs together in one place, and
    // protobuf does not. What is passed over costs next to nothing.
    private static void WriteMessage(Utf8JsonWriter writer, ReadOnlySpan<byte> message, MessageDescriptor type)
    {
        writer.WriteStartObject();
        foreach (FieldDescriptor field in type.Fields.InDeclarationOrder())
        {
            bool isBegun = false;
            var reader = new ProtoReader(message);
            while (reader.MoveNext())
            {
                if (reader.Field != field.FieldNumber)
                {
                    reader.Skip();
                    continue;
                }

                Begin(writer, field, ref isBegun);
                WriteValue(writer, ref reader, field);
            }

            Invariant.Require(!reader.IsMalformed);
            if (isBegun && field.IsRepeated)
                writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static void Begin(Utf8JsonWriter writer, FieldDescriptor field, ref bool isBegun)
    {
        Invariant.Require(!isBegun || field.IsRepeated);
        if (!isBegun)
            writer.WritePropertyName(field.Name);
        if (!isBegun && field.IsRepeated)
            writer.WriteStartArray();
        isBegun = true;
    }

    private static void WriteValue(Utf8JsonWriter writer, ref ProtoReader reader, FieldDescriptor field)
    {
        switch (field.FieldType)
        {
            case FieldType.Message:
                WriteMessage(writer, reader.Span(), field.MessageType);
                break;
            case FieldType.Bytes:
                writer.WriteBase64StringValue(reader.Span());
                break;
            case FieldType.String:
                writer.WriteStringValue(reader.Span());
                break;
            case FieldType.Bool:
                writer.WriteBooleanValue(reader.Boolean());
                break;
            case FieldType.Int64:
                writer.WriteStringValue(reader.Int64().ToString(CultureInfo.InvariantCulture));
                break;
            case FieldType.UInt64:
                ulong number = unchecked((ulong)reader.Int64());
                writer.WriteStringValue(number.ToString(CultureInfo.InvariantCulture));
                break;
            case FieldType.Int32:
                writer.WriteNumberValue(reader.Int32());
                break;
            case FieldType.UInt32:
                writer.WriteNumberValue(unchecked((uint)reader.Int64()));
                break;
            case FieldType.Enum:
                WriteEnum(writer, reader.Int32(), field.EnumType);
                break;
            default:
                throw new NotSupportedException($"{field.FullName} is of a type that no answer has.");
        }
    }

    private static void WriteEnum(Utf8JsonWriter writer, int number, EnumDescriptor type)
    {
        if (type.FindValueByNumber(number) is { } value)
            writer.WriteStringValue(value.Name);
        else
            writer.WriteNumberValue(number);
    }
}
