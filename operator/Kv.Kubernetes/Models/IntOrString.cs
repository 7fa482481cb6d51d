using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Models;

/// <summary>A number, or a text such as "25%" or the name of a port.</summary>
[JsonConverter(typeof(IntOrStringConverter))]
public sealed record IntOrString
{
    private readonly long? _number;
    private readonly string _text;

    public IntOrString(long number)
    {
        _number = number;
        _text = number.ToString(CultureInfo.InvariantCulture);
    }

    public IntOrString(string text) => _text = text;

    public bool IsInt => _number is not null;

    /// <summary>The number, if it is one; null for a text, even one of digits.</summary>
    public long? Number => _number;

    /// <summary>The text, or the number written out.</summary>
    public string Value => _text;

    public static implicit operator IntOrString(int number) => new((long)number);

    public static implicit operator IntOrString(string text) => new(text);

    public override string ToString() => _text;

    private sealed class IntOrStringConverter : JsonConverter<IntOrString>
    {
        public override IntOrString Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.Number
                ? new IntOrString(reader.GetInt64())
                : new IntOrString(reader.GetString() ?? throw new JsonException("Neither a number nor a text."));

        public override void Write(Utf8JsonWriter writer, IntOrString value, JsonSerializerOptions options)
        {
            if (value._number is { } number)
                writer.WriteNumberValue(number);
            else
                writer.WriteStringValue(value._text);
        }
    }
}
