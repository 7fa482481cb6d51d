using System.Buffers;
using System.Text;
using System.Text.Json;
using Google.Protobuf.Reflection;

namespace Kv.Server.Gateway;

/// <summary>Makes of a JSON object the protobuf message of a given type, as bytes: protobuf's JSON form as Go reads it
/// with unknown fields let through.
/// <code>
/// names      as in the .proto file or in lowerCamelCase; unknown ones are passed over
/// numbers    as numbers or in strings; 1.0 and 1e0 are 1
/// bytes      base64, standard or for URLs, padded or not
/// enums      by name or number; an unknown name is as if nothing were there
/// null       as if nothing were there
/// </code>
/// Problems have etcd's words and places too, but Go varies its words from build to build.</summary>
internal static class JsonRequest
{
    /// <summary>How deep messages may lie in each other. What reads them here has the same limit.</summary>
    private const int DepthMax = 100;

    private const int JsonDepthMax = 10_001;

    /// <param name="json">One whole value, as <see cref="JsonScanner"/> found it.</param>
    /// <exception cref="JsonRefusedException">It is no message of that type.</exception>
    public static byte[] ToMessage(ReadOnlySpan<byte> json, MessageDescriptor type)
    {
        var message = new ArrayBufferWriter<byte>(json.Length + 1);
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = JsonDepthMax });
        try
        {
            reader.Read();
            ReadMessage(json, ref reader, type, message, depth: 0);
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            // What the scanner lets pass and JSON does not allow: bytes that are not UTF-8, halves of surrogates.
            throw new JsonRefusedException($"proto: {At(json, reader.TokenStartIndex)}: invalid UTF-8");
        }

        return message.WrittenSpan.ToArray();
    }

    private static void ReadMessage(
        ReadOnlySpan<byte> json, ref Utf8JsonReader reader, MessageDescriptor type, IBufferWriter<byte> message,
        int depth)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Unexpected(json, ref reader);
        if (depth == DepthMax)
            throw new JsonRefusedException("proto: exceeded max recursion depth");

        var seen = new HashSet<FieldDescriptor>();
        var seenUnions = new HashSet<OneofDescriptor>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            long at = reader.TokenStartIndex;
            string name = reader.GetString()!;
            FieldDescriptor? field = Find(type, name);
            reader.Read();
            if (field is null)
            {
                reader.Skip();
                continue;
            }

            if (!seen.Add(field))
                throw new JsonRefusedException($"proto: {At(json, at)}: duplicate field \"{name}\"");
            if (reader.TokenType == JsonTokenType.Null)
                continue;
            if (field.RealContainingOneof is { } union && !seenUnions.Add(union))
            {
                throw new JsonRefusedException(
                    $"proto: {At(json, at)}: error parsing \"{name}\", oneof {union.FullName} is already set");
            }

            if (field.IsRepeated)
                ReadList(json, ref reader, field, message, depth);
            else
                ReadOne(json, ref reader, field, message, depth);
        }
    }

    private static FieldDescriptor? Find(MessageDescriptor type, string name)
    {
        foreach (FieldDescriptor field in type.Fields.InDeclarationOrder())
        {
            if (field.Name == name || field.JsonName == name)
                return field;
        }

        return null;
    }

    private static void ReadList(
        ReadOnlySpan<byte> json, ref Utf8JsonReader reader, FieldDescriptor field, IBufferWriter<byte> message,
        int depth)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Unexpected(json, ref reader);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            ReadOne(json, ref reader, field, message, depth);
    }

    private static void ReadOne(
        ReadOnlySpan<byte> json, ref Utf8JsonReader reader, FieldDescriptor field, IBufferWriter<byte> message,
        int depth)
    {
        var wire = new WireFields(message, field.FieldNumber, isAlways: field.IsRepeated || field.HasPresence);
        if (field.FieldType == FieldType.Message)
        {
            var inner = new ArrayBufferWriter<byte>();
            ReadMessage(json, ref reader, field.MessageType, inner, depth + 1);
            wire.Bytes(inner.WrittenSpan);
            return;
        }

        bool isGood = field.FieldType switch
        {
            FieldType.Bool => TryBool(ref reader, wire),
            FieldType.String => TryText(ref reader, wire),
            FieldType.Bytes => TryBytes(ref reader, wire),
            FieldType.Enum => TryEnum(ref reader, field.EnumType, wire),
            FieldType.Int32 => TryNumber(ref reader, int.MinValue, int.MaxValue, wire),
            FieldType.Int64 => TryNumber(ref reader, long.MinValue, long.MaxValue, wire),
            FieldType.UInt32 => TryNumber(ref reader, 0, uint.MaxValue, wire),
            FieldType.UInt64 => TryNumber(ref reader, 0, ulong.MaxValue, wire),
            _ => throw new NotSupportedException($"{field.FullName} is of a type that no request has."),
        };
        if (!isGood)
        {
            string kind = field.FieldType.ToString().ToLowerInvariant();
            throw new JsonRefusedException($"proto: {At(json, reader.TokenStartIndex)}: " +
                $"invalid value for {kind} field {field.JsonName}: {Token(json, ref reader)}");
        }
    }

    private static bool TryBool(ref Utf8JsonReader reader, WireFields wire)
    {
        if (reader.TokenType is not (JsonTokenType.True or JsonTokenType.False))
            return false;
        wire.Number(reader.TokenType == JsonTokenType.True ? 1UL : 0);
        return true;
    }

    private static bool TryText(ref Utf8JsonReader reader, WireFields wire)
    {
        if (reader.TokenType != JsonTokenType.String)
            return false;
        wire.Bytes(Unescaped(ref reader));
        return true;
    }

    private static bool TryBytes(ref Utf8JsonReader reader, WireFields wire)
    {
        if (reader.TokenType != JsonTokenType.String || !AnyBase64.TryDecode(Unescaped(ref reader), out byte[] bytes))
            return false;
        wire.Bytes(bytes);
        return true;
    }

    private static bool TryEnum(ref Utf8JsonReader reader, EnumDescriptor type, WireFields wire)
    {
        if (reader.TokenType == JsonTokenType.Number)
            return TryNumber(ref reader, int.MinValue, int.MaxValue, wire);
        if (reader.TokenType != JsonTokenType.String)
            return false;
        if (type.FindValueByName(reader.GetString()!) is { } value)
            wire.Number(unchecked((ulong)(long)value.Number));
        return true;
    }

    private static bool TryNumber(ref Utf8JsonReader reader, Int128 min, Int128 max, WireFields wire)
    {
        ReadOnlySpan<byte> text = reader.TokenType switch
        {
            JsonTokenType.Number => reader.ValueSpan,
            JsonTokenType.String => Unescaped(ref reader),
            _ => default,
        };
        if (!WholeNumber.TryParse(text, out Int128 number) || number < min || number > max)
            return false;
        wire.Number(unchecked((ulong)number));
        return true;
    }

    private static ReadOnlySpan<byte> Unescaped(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            // The scanner has passed over it without looking at its letters.
            if (!System.Text.Unicode.Utf8.IsValid(reader.ValueSpan))
                throw new JsonException();
            return reader.ValueSpan;
        }

        byte[] text = new byte[reader.ValueSpan.Length];
        return text.AsSpan(0, reader.CopyString(text));
    }

    private static JsonRefusedException Unexpected(ReadOnlySpan<byte> json, ref Utf8JsonReader reader) => new(
        $"proto: syntax error {At(json, reader.TokenStartIndex)}: unexpected token {Token(json, ref reader)}");

    // The token as it stands in the text, up to a length that a message can bear.
    private static string Token(ReadOnlySpan<byte> json, ref Utf8JsonReader reader)
    {
        const int ShownMax = 256;
        int start = (int)reader.TokenStartIndex;
        int length = (int)reader.BytesConsumed - start;
        return Encoding.UTF8.GetString(json.Slice(start, Math.Min(length, ShownMax)));
    }

    private static string At(ReadOnlySpan<byte> json, long offset)
    {
        ReadOnlySpan<byte> before = json[..(int)Math.Min(offset, json.Length)];
        int line = before.Count((byte)'\n') + 1;
        int column = Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1;
        return $"(line {line}:{column})";
    }
}
