using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using System.Text.Json.Nodes;

namespace Kv.Sandbox.Json;

/// <summary>An amount as Kubernetes writes it, such as 500m, 1e3 or 1Gi. Kept as a whole number of billionths, the
/// finest unit there is.</summary>
internal readonly record struct Quantity(BigInteger Nano) : IComparable<Quantity>
{
    private static readonly BigInteger One = BigInteger.Pow(10, 9);

    private static readonly (string Suffix, BigInteger Nano)[] Units =
    [
        ("Ki", One * BigInteger.Pow(1024, 1)), ("Mi", One * BigInteger.Pow(1024, 2)),
        ("Gi", One * BigInteger.Pow(1024, 3)), ("Ti", One * BigInteger.Pow(1024, 4)),
        ("Pi", One * BigInteger.Pow(1024, 5)), ("Ei", One * BigInteger.Pow(1024, 6)),
        ("n", BigInteger.One), ("u", BigInteger.Pow(10, 3)), ("m", BigInteger.Pow(10, 6)),
        ("k", BigInteger.Pow(10, 12)), ("M", BigInteger.Pow(10, 15)), ("G", BigInteger.Pow(10, 18)),
        ("T", BigInteger.Pow(10, 21)), ("P", BigInteger.Pow(10, 24)), ("E", BigInteger.Pow(10, 27)),
    ];

    /// <summary>In whole units, rounded up.</summary>
    public long Whole => (long)((Nano + One - 1) / One);

    public static bool TryParse([NotNullWhen(true)] string? text, out Quantity quantity)
    {
        quantity = default;
        if (string.IsNullOrEmpty(text))
            return false;
        foreach ((string suffix, BigInteger unit) in Units)
        {
            if (!text.EndsWith(suffix, StringComparison.Ordinal))
                continue;
            return TryScale(text[..^suffix.Length], unit, out quantity);
        }

        int exponentAt = text.AsSpan().IndexOfAny('e', 'E');
        if (exponentAt < 0)
            return TryScale(text, One, out quantity);
        return int.TryParse(text.AsSpan(exponentAt + 1), CultureInfo.InvariantCulture, out int exponent)
            && exponent is >= 0 and <= 18
            && TryScale(text[..exponentAt], One * BigInteger.Pow(10, exponent), out quantity);
    }

    /// <summary>Reads a string or a number.</summary>
    public static bool TryRead(JsonNode? node, out Quantity quantity)
    {
        string? text = JsonFields.AsText(node) ?? (node is JsonValue value ? value.ToJsonString() : null);
        return TryParse(text, out quantity);
    }

    public int CompareTo(Quantity other) => Nano.CompareTo(other.Nano);

    public static bool operator <(Quantity left, Quantity right) => left.CompareTo(right) < 0;

    public static bool operator >(Quantity left, Quantity right) => left.CompareTo(right) > 0;

    public static bool operator <=(Quantity left, Quantity right) => left.CompareTo(right) <= 0;

    public static bool operator >=(Quantity left, Quantity right) => left.CompareTo(right) >= 0;

    private static bool TryScale(string number, BigInteger unit, out Quantity quantity)
    {
        quantity = default;
        int point = number.IndexOf('.', StringComparison.Ordinal);
        string digits = point < 0 ? number : number.Remove(point, 1);
        int decimals = point < 0 ? 0 : number.Length - point - 1;
        if (decimals > 18 || digits.Length == 0
            || !BigInteger.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value))
        {
            return false;
        }

        quantity = new Quantity(value * unit / BigInteger.Pow(10, decimals));
        return true;
    }
}
