namespace Kv.Server.Configuration;

/// <summary>From the text of a flag to its value, by the rules of Go's <c>flag</c> and <c>strconv</c>. A text is
/// checked once, by <see cref="FaultIn"/>, where it can still be said where it came from; after that reading it
/// cannot fail.</summary>
internal static class FlagText
{
    private const string ParseError = "parse error";
    private const string OutOfRange = "value out of range";

    /// <summary>What is wrong with <paramref name="text"/>, or null.</summary>
    public static string? FaultIn(Flag flag, string text) => flag.Kind switch
    {
        FlagKind.Switch => TryParseSwitch(text, out _) ? null : ParseError,
        FlagKind.Number => FaultInInteger(text, long.MinValue),
        FlagKind.Count => FaultInInteger(text, 0),
        FlagKind.Duration => GoDuration.TryParse(text, out _) ? null : ParseError,
        FlagKind.Urls => Split(text).Select(FaultInUrl).FirstOrDefault(fault => fault is not null),
        _ => flag.Choices.Count == 0 || flag.Choices.Contains(text) ? null : FaultInChoice(flag, text),
    };

    public static bool ToSwitch(string text)
    {
        Invariant.Require(TryParseSwitch(text, out bool value));
        return value;
    }

    public static long ToInteger(string text)
    {
        Invariant.Require(TryParseInteger(text, out Int128 value));
        return (long)value;
    }

    public static TimeSpan ToDuration(string text)
    {
        Invariant.Require(GoDuration.TryParse(text, out var value));
        return value;
    }

    /// <summary>The URLs, each once, in the order given.</summary>
    public static IReadOnlyList<NodeUrl> ToUrls(string text) => [.. Split(text).Select(ToUrl).Distinct()];

    public static IReadOnlyList<string> ToList(string text) => [.. Split(text).Select(word => word.Trim()).Distinct()];

    /// <summary>Whether two texts mean the same value of <paramref name="flag"/>.</summary>
    public static bool AreEqual(Flag flag, string left, string right) => flag.Kind switch
    {
        FlagKind.Switch => ToSwitch(left) == ToSwitch(right),
        FlagKind.Number or FlagKind.Count => ToInteger(left) == ToInteger(right),
        FlagKind.Duration => ToDuration(left) == ToDuration(right),
        _ => left == right,
    };

    private static string[] Split(string text) => text.Length == 0 ? [] : text.Split(',');

    private static string? FaultInUrl(string text)
    {
        return NodeUrl.TryParse(text, out _, out string? fault) ? null : fault;
    }

    private static NodeUrl ToUrl(string text)
    {
        Invariant.Require(NodeUrl.TryParse(text, out var url, out _));
        return url;
    }

    private static string? FaultInInteger(string text, long min)
    {
        if (!TryParseInteger(text, out Int128 value) || (min == 0 && text.StartsWith('-')))
            return ParseError;
        return value < min || value > long.MaxValue ? OutOfRange : null;
    }

    private static string FaultInChoice(Flag flag, string text) => flag.Name switch
    {
        "auto-compaction-mode" => $"unknown auto-compaction-mode \"{text}\"",
        "log-level" => $"unrecognized level: \"{text}\"",
        "log-format" => $"unknown log format: {text}, supported values json, console",
        "logger" => $"unknown logger option \"{text}\"",
        "tls-min-version" or "tls-max-version" =>
            $"unexpected TLS version \"{text}\" (must be one of: TLS1.2, TLS1.3)",
        _ => $"invalid value \"{text}\" (must be one of: {string.Join(", ", flag.Choices)})",
    };

    public static bool TryParseSwitch(string text, out bool value)
    {
        value = text is "1" or "t" or "T" or "TRUE" or "true" or "True";
        return value || text is "0" or "f" or "F" or "FALSE" or "false" or "False";
    }

    /// <summary>Decimal, or <c>0x</c>, <c>0o</c>, <c>0b</c> or <c>0</c> and digits of that base.</summary>
    private static bool TryParseInteger(string text, out Int128 value)
    {
        bool isNegative = text.StartsWith('-');
        string digits = isNegative || text.StartsWith('+') ? text[1..] : text;
        (int radix, string rest) = digits.ToLowerInvariant() switch
        {
            ['0', 'x', ..] => (16, digits[2..]),
            ['0', 'o', ..] => (8, digits[2..]),
            ['0', 'b', ..] => (2, digits[2..]),
            ['0', _, ..] => (8, digits[1..]),
            _ => (10, digits),
        };

        value = 0;
        const int DigitsMax = 64; // of base 2; more would not fit anyway
        if (rest.Length is 0 or > DigitsMax)
            return false;
        foreach (char digit in rest)
        {
            int number = char.IsAsciiHexDigit(digit) ? Convert.FromHexString(['0', digit])[0] : radix;
            if (number >= radix)
                return false;
            value = Int128.Min((value * radix) + number, ulong.MaxValue);
        }

        value = isNegative ? -value : value;
        return true;
    }
}
