using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Cel;

/// <summary>The functions that rules may use: those of CEL and those that Kubernetes adds, as far as they are known
/// here. What is not in the tables is refused when a rule is made.</summary>
internal static class CelFunctions
{
    /// <summary>Functions called without an object before them, with how many arguments.</summary>
    public static readonly IReadOnlyDictionary<string, int> Globals = new Dictionary<string, int>(
        StringComparer.Ordinal)
    {
        ["size"] = 1,
        ["int"] = 1,
        ["uint"] = 1,
        ["double"] = 1,
        ["string"] = 1,
        ["bool"] = 1,
        ["dyn"] = 1,
        ["duration"] = 1,
        ["timestamp"] = 1,
        ["quantity"] = 1,
        ["isQuantity"] = 1,
        ["isURL"] = 1,
        ["url"] = 1,
        ["isIP"] = 1,
        ["type"] = 1,
    };

    /// <summary>Functions called on an object, with how many arguments at least and at most.</summary>
    public static readonly IReadOnlyDictionary<string, (int Least, int Most)> Members =
        new Dictionary<string, (int Least, int Most)>(StringComparer.Ordinal)
        {
            ["size"] = (0, 0),
            ["contains"] = (1, 1),
            ["startsWith"] = (1, 1),
            ["endsWith"] = (1, 1),
            ["matches"] = (1, 1),
            ["lowerAscii"] = (0, 0),
            ["upperAscii"] = (0, 0),
            ["trim"] = (0, 0),
            ["split"] = (1, 1),
            ["replace"] = (2, 2),
            ["substring"] = (1, 2),
            ["indexOf"] = (1, 1),
            ["lastIndexOf"] = (1, 1),
            ["charAt"] = (1, 1),
            ["join"] = (0, 1),
            ["find"] = (1, 1),
            ["format"] = (1, 1),
            ["isSorted"] = (0, 0),
            ["sum"] = (0, 0),
            ["min"] = (0, 0),
            ["max"] = (0, 0),
            ["compareTo"] = (1, 1),
            ["isGreaterThan"] = (1, 1),
            ["isLessThan"] = (1, 1),
            ["sign"] = (0, 0),
            ["asInteger"] = (0, 0),
            ["isInteger"] = (0, 0),
            ["add"] = (1, 1),
            ["sub"] = (1, 1),
            ["getScheme"] = (0, 0),
            ["getHost"] = (0, 0),
            ["getHostname"] = (0, 0),
            ["getPort"] = (0, 0),
            ["getEscapedPath"] = (0, 0),
            ["getSeconds"] = (0, 0),
            ["getMinutes"] = (0, 0),
            ["getHours"] = (0, 0),
            ["getMilliseconds"] = (0, 0),
        };

    private static readonly TimeSpan MatchMax = TimeSpan.FromSeconds(1);

    public static object? Call(bool hasTarget, string name, object?[] arguments)
    {
        object? result = hasTarget ? CallMember(name, arguments) : CallGlobal(name, arguments);
        return result is Unknown
            ? throw new CelException(
                $"no such overload: {name}({string.Join(", ", arguments.Select(CelValues.TypeOf))})")
            : result;
    }

    /// <summary>Whether a text has what a pattern describes; patterns are those of RE2, which .NET's matcher without
    /// backtracking comes close to.</summary>
    /// <exception cref="CelException">It is no pattern.</exception>
    public static bool IsMatch(string text, string pattern)
    {
        try
        {
            return Regex.IsMatch(
                text, pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, MatchMax);
        }
        catch (Exception fault) when (fault is ArgumentException or NotSupportedException)
        {
            throw new CelException($"'{pattern}' is no pattern: {fault.Message}");
        }
    }

    private static object? CallGlobal(string name, object?[] arguments) => (name, arguments) switch
    {
        ("size", [var value]) => Size(value),
        ("dyn", [var value]) => value,
        ("type", [var value]) => CelValues.TypeOf(value),
        ("int" or "uint", [long value]) => value,
        ("int" or "uint", [double value]) => (long)value,
        ("int" or "uint", [string value]) => long.TryParse(value, CultureInfo.InvariantCulture, out long whole)
            ? whole
            : throw new CelException($"type conversion error from '{value}' to int"),
        ("double", [string value]) => double.TryParse(value, CultureInfo.InvariantCulture, out double real)
            ? real
            : throw new CelException($"type conversion error from '{value}' to double"),
        ("double", [long or double]) => CelValues.ToDouble(arguments[0]),
        ("string", [var value]) => CelValues.ToText(value),
        ("bool", [bool value]) => value,
        ("bool", [string value]) => value is "true",
        ("duration", [string value]) => ToDuration(value),
        ("timestamp", [string value]) => DateTimeOffset.TryParse(
            value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time)
            ? time
            : throw new CelException($"'{value}' is no timestamp"),
        ("quantity", [string value]) => Quantity.TryParse(value, out Quantity quantity)
            ? quantity
            : throw new CelException($"'{value}' is no quantity"),
        ("quantity", [long value]) => Quantity.TryParse($"{value}", out Quantity quantity) ? quantity : default,
        ("isQuantity", [string value]) => Quantity.TryParse(value, out _),
        ("isURL", [string value]) => Uri.TryCreate(value, UriKind.Absolute, out _),
        ("url", [string value]) => Uri.TryCreate(value, UriKind.Absolute, out Uri? url)
            ? url
            : throw new CelException($"'{value}' is no URL"),
        ("isIP", [string value]) => IPAddress.TryParse(value, out _),
        _ => Unknown.Overload,
    };

    private static object? CallMember(string name, object?[] arguments) => arguments[0] switch
    {
        string text => CallText(name, text, arguments),
        List<object?> list => CallList(name, list, arguments),
        JsonObject map when name == "size" => (long)map.Count,
        Quantity quantity => CallQuantity(name, quantity, arguments),
        Uri url => CallUrl(name, url),
        TimeSpan span => CallDuration(name, span),
        _ => Unknown.Overload,
    };

    private static object? CallText(string name, string text, object?[] arguments) => (name, arguments) switch
    {
        ("size", [_]) => Size(text),
        ("contains", [_, string part]) => text.Contains(part, StringComparison.Ordinal),
        ("startsWith", [_, string part]) => text.StartsWith(part, StringComparison.Ordinal),
        ("endsWith", [_, string part]) => text.EndsWith(part, StringComparison.Ordinal),
        ("matches", [_, string pattern]) => IsMatch(text, pattern),
        ("find", [_, string pattern]) => Regex.Match(
            text, pattern, RegexOptions.CultureInvariant | RegexOptions.NonBacktracking, MatchMax).Value,
        ("lowerAscii", [_]) => text.ToLowerInvariant(),
        ("upperAscii", [_]) => text.ToUpperInvariant(),
        ("trim", [_]) => text.Trim(),
        ("split", [_, string separator]) => Split(text, separator),
        ("replace", [_, string old, string fresh]) => old.Length == 0
            ? text
            : text.Replace(old, fresh, StringComparison.Ordinal),
        ("substring", [_, long start]) => Cut(text, start, text.Length),
        ("substring", [_, long start, long end]) => Cut(text, start, end),
        ("indexOf", [_, string part]) => (long)text.IndexOf(part, StringComparison.Ordinal),
        ("lastIndexOf", [_, string part]) => (long)text.LastIndexOf(part, StringComparison.Ordinal),
        ("charAt", [_, long at]) => at == text.Length ? "" : Cut(text, at, at + 1),
        ("format", [_, List<object?> values]) => Format(text, values),
        _ => Unknown.Overload,
    };

    private static object? CallList(string name, List<object?> list, object?[] arguments) => (name, arguments) switch
    {
        ("size", [_]) => (long)list.Count,
        ("join", [_]) => string.Concat(list.Select(CelValues.ToText)),
        ("join", [_, string separator]) => string.Join(separator, list.Select(CelValues.ToText)),
        ("indexOf", [_, var value]) => (long)list.FindIndex(each => CelValues.AreEqual(each, value)),
        ("lastIndexOf", [_, var value]) => (long)list.FindLastIndex(each => CelValues.AreEqual(each, value)),
        ("isSorted", [_]) => list.Zip(list.Skip(1)).All(pair => CelValues.Compare(pair.First, pair.Second) <= 0),
        ("sum", [_]) => list.Aggregate((object?)0L, (sum, each) => CelOperators.Apply("+", sum, each)),
        ("min", [_]) when list.Count > 0 => list.Aggregate(
            (least, each) => CelValues.Compare(each, least) < 0 ? each : least),
        ("max", [_]) when list.Count > 0 => list.Aggregate(
            (most, each) => CelValues.Compare(each, most) > 0 ? each : most),
        _ => Unknown.Overload,
    };

    private static object? CallQuantity(string name, Quantity quantity, object?[] arguments) =>
        (name, arguments) switch
        {
            ("compareTo", [_, Quantity other]) => (long)quantity.CompareTo(other),
            ("isGreaterThan", [_, Quantity other]) => quantity > other,
            ("isLessThan", [_, Quantity other]) => quantity < other,
            ("sign", [_]) => (long)quantity.Nano.Sign,
            ("asInteger", [_]) => quantity.Whole,
            ("isInteger", [_]) => new Quantity(quantity.Nano % 1_000_000_000) == default,
            ("add", [_, Quantity other]) => new Quantity(quantity.Nano + other.Nano),
            ("sub", [_, Quantity other]) => new Quantity(quantity.Nano - other.Nano),
            ("add", [_, long other]) => new Quantity(quantity.Nano + (1_000_000_000L * other)),
            ("sub", [_, long other]) => new Quantity(quantity.Nano - (1_000_000_000L * other)),
            _ => Unknown.Overload,
        };

    private static object CallUrl(string name, Uri url) => name switch
    {
        "getScheme" => url.Scheme,
        "getHost" => url.Authority,
        "getHostname" => url.Host,
        "getPort" => url.IsDefaultPort ? "" : url.Port.ToString(CultureInfo.InvariantCulture),
        "getEscapedPath" => url.AbsolutePath,
        _ => Unknown.Overload,
    };

    private static object CallDuration(string name, TimeSpan span) => name switch
    {
        "getHours" => (long)span.TotalHours,
        "getMinutes" => (long)span.TotalMinutes,
        "getSeconds" => (long)span.TotalSeconds,
        "getMilliseconds" => (long)span.TotalMilliseconds,
        _ => Unknown.Overload,
    };

    private static object Size(object? value) => value switch
    {
        string text => (long)text.EnumerateRunes().Count(),
        List<object?> list => (long)list.Count,
        JsonObject map => (long)map.Count,
        _ => Unknown.Overload,
    };

    private static List<object?> Split(string text, string separator) => separator.Length == 0
        ? [.. text.Select(each => (object?)each.ToString())]
        : [.. text.Split(separator).Select(each => (object?)each)];

    private static string Cut(string text, long start, long end) => start >= 0 && start <= end && end <= text.Length
        ? text[(int)start..(int)end]
        : throw new CelException($"index out of range: {start}");

    private static string Format(string text, List<object?> values)
    {
        foreach (object? value in values)
        {
            int at = text.IndexOf('%', StringComparison.Ordinal);
            if (at < 0 || at + 1 >= text.Length)
                throw new CelException("format() has more values than places");
            text = string.Concat(text.AsSpan(0, at), CelValues.ToText(value), text.AsSpan(at + 2));
        }

        return text;
    }

    private static TimeSpan ToDuration(string text) => GoDuration.TryParse(text, out TimeSpan span)
        ? span
        : throw new CelException($"'{text}' is no duration");

    /// <summary>Stands for the value of a call that nobody can answer.</summary>
    private sealed class Unknown
    {
        public static readonly Unknown Overload = new();
    }
}
