using System.Text.Json.Nodes;

namespace Kv.Sandbox.ApiServer.Cel;

/// <summary>What stands between two values.</summary>
internal static class CelOperators
{
    public static object? Apply(string symbol, object? left, object? right)
    {
        return symbol switch
        {
            "==" => CelValues.AreEqual(left, right),
            "!=" => !CelValues.AreEqual(left, right),
            "<" => CelValues.Compare(left, right) < 0,
            "<=" => CelValues.Compare(left, right) <= 0,
            ">" => CelValues.Compare(left, right) > 0,
            ">=" => CelValues.Compare(left, right) >= 0,
            "in" => IsIn(left, right),
            _ => Calculate(symbol, left, right),
        };
    }

    private static bool IsIn(object? element, object? all) => all switch
    {
        List<object?> list => list.Any(each => CelValues.AreEqual(each, element)),
        JsonObject map => element is string key && map.ContainsKey(key),
        _ => throw new CelException($"no such overload: in {CelValues.TypeOf(all)}"),
    };

    private static object Calculate(string symbol, object? left, object? right) => (symbol, left, right) switch
    {
        ("+", long a, long b) => a + b,
        ("-", long a, long b) => a - b,
        ("*", long a, long b) => a * b,
        ("/", long a, long b) => a / b,
        ("%", long a, long b) => a % b,
        ("+", string a, string b) => a + b,
        ("+", List<object?> a, List<object?> b) => a.Concat(b).ToList(),
        ("+", TimeSpan a, TimeSpan b) => a + b,
        ("-", TimeSpan a, TimeSpan b) => a - b,
        ("+", DateTimeOffset a, TimeSpan b) => a + b,
        ("-", DateTimeOffset a, TimeSpan b) => a - b,
        ("-", DateTimeOffset a, DateTimeOffset b) => a - b,
        _ when CelValues.IsNumber(left) && CelValues.IsNumber(right) =>
            Calculate(symbol, CelValues.ToDouble(left), CelValues.ToDouble(right)),
        _ => throw new CelException(
            $"no such overload: {CelValues.TypeOf(left)} {symbol} {CelValues.TypeOf(right)}"),
    };

    private static double Calculate(string symbol, double left, double right) => symbol switch
    {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "/" => left / right,
        _ => throw new CelException($"no such overload: double {symbol} double"),
    };
}
