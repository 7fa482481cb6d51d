using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Models;

/// <summary>An amount as the API writes it: "500m", "1e3", "1Ki". The text is kept as it came and read when its value
/// is asked for, so that one odd amount does not make a whole list unreadable. Two are equal if their values are: the
/// server rewrites "1024Mi" as "1Gi".</summary>
[JsonConverter(typeof(ResourceQuantityConverter))]
public sealed class ResourceQuantity(string value) : IEquatable<ResourceQuantity>, IComparable<ResourceQuantity>
{
    private static readonly (string Suffix, decimal Factor)[] Suffixes =
    [
        ("Ki", 1L << 10), ("Mi", 1L << 20), ("Gi", 1L << 30), ("Ti", 1L << 40), ("Pi", 1L << 50), ("Ei", 1L << 60),
        ("n", 1e-9m), ("u", 1e-6m), ("m", 1e-3m), ("k", 1e3m), ("M", 1e6m), ("G", 1e9m), ("T", 1e12m), ("P", 1e15m),
        ("E", 1e18m),
    ];

    /// <summary>The amount as it was written.</summary>
    public string Value { get; } = value;

    public static implicit operator ResourceQuantity(string value) => new(value);

    public static bool operator ==(ResourceQuantity? left, ResourceQuantity? right) => Equals(left, right);

    public static bool operator !=(ResourceQuantity? left, ResourceQuantity? right) => !Equals(left, right);

    public static bool operator <(ResourceQuantity left, ResourceQuantity right) => left.CompareTo(right) < 0;

    public static bool operator >(ResourceQuantity left, ResourceQuantity right) => left.CompareTo(right) > 0;

    public static bool operator <=(ResourceQuantity left, ResourceQuantity right) => left.CompareTo(right) <= 0;

    public static bool operator >=(ResourceQuantity left, ResourceQuantity right) => left.CompareTo(right) >= 0;

    /// <exception cref="FormatException">The text is not an amount, or larger than can be counted (7.9e28).</exception>
    public decimal ToDecimal() =>
        TryRead(Value, out decimal amount)
            ? amount
            : throw new FormatException($"'{Value}' is not an amount such as 500m, 2 or 1Gi.");

    /// <summary>The amount as whole units, rounded up, as schedulers and quotas count.</summary>
    /// <exception cref="FormatException">The text is not an amount.</exception>
    /// <exception cref="OverflowException">The amount is larger than 2^63-1.</exception>
    public long ToInt64() => decimal.ToInt64(Math.Ceiling(ToDecimal()));

    /// <summary>Whether the text is an amount.</summary>
    public static bool TryParse(string? text, out ResourceQuantity? quantity)
    {
        quantity = text is not null && TryRead(text, out _) ? new ResourceQuantity(text) : null;
        return quantity is not null;
    }

    /// <exception cref="FormatException">One of the two is not an amount.</exception>
    public int CompareTo(ResourceQuantity? other) => other is null ? 1 : ToDecimal().CompareTo(other.ToDecimal());

    public bool Equals(ResourceQuantity? other)
    {
        if (other is null)
            return false;
        return TryRead(Value, out decimal mine) && TryRead(other.Value, out decimal theirs)
            ? mine == theirs
            : Value == other.Value;
    }

    public override bool Equals(object? obj) => Equals(obj as ResourceQuantity);

    public override int GetHashCode() =>
        TryRead(Value, out decimal amount) ? amount.GetHashCode() : Value.GetHashCode(StringComparison.Ordinal);

    public override string ToString() => Value;

    private static bool TryRead(string text, out decimal amount)
    {
        const NumberStyles Plain = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint;
        amount = 0;

        // "1E" is an exa, "1E3" a thousand: a suffix is only one if nothing follows it.
        foreach ((string suffix, decimal factor) in Suffixes)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal))
                continue;
            var number = text.AsSpan(0, text.Length - suffix.Length);
            return decimal.TryParse(number, Plain, CultureInfo.InvariantCulture, out amount)
                && TryMultiply(ref amount, factor);
        }

        return text.Length > 0
            && !char.IsWhiteSpace(text[0])
            && decimal.TryParse(text, Plain | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out amount);
    }

    private static bool TryMultiply(ref decimal amount, decimal factor)
    {
        if (Math.Abs(amount) > decimal.MaxValue / Math.Max(factor, 1))
            return false;
        amount *= factor;
        return true;
    }

    private sealed class ResourceQuantityConverter : JsonConverter<ResourceQuantity>
    {
        public override ResourceQuantity Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
            reader.TokenType switch
            {
                JsonTokenType.String => new ResourceQuantity(reader.GetString()!),
                JsonTokenType.Number => new ResourceQuantity(
                    reader.HasValueSequence
                        ? Encoding.UTF8.GetString(reader.ValueSequence)
                        : Encoding.UTF8.GetString(reader.ValueSpan)),
                _ => throw new JsonException("An amount is a text or a number."),
            };

        public override void Write(Utf8JsonWriter writer, ResourceQuantity value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.Value);
    }
}
