using System.Globalization;
using System.Text.RegularExpressions;

namespace Kv.Sandbox.ApiServer.Cel;

/// <summary>Durations as Go and CEL write them: 1h30m, 1.5s, 300ms.</summary>
internal static partial class GoDuration
{
    public static bool TryParse(string text, out TimeSpan span)
    {
        span = TimeSpan.Zero;
        if (!Whole().IsMatch(text))
            return false;
        foreach (Match part in Part().Matches(text))
        {
            double amount = double.Parse(part.Groups["amount"].ValueSpan, CultureInfo.InvariantCulture);
            span += part.Groups["unit"].Value switch
            {
                "h" => TimeSpan.FromHours(amount),
                "m" => TimeSpan.FromMinutes(amount),
                "s" => TimeSpan.FromSeconds(amount),
                "ms" => TimeSpan.FromMilliseconds(amount),
                "us" or "µs" => TimeSpan.FromMicroseconds(amount),
                _ => TimeSpan.FromTicks((long)(amount / 100)),
            };
        }

        span = text.StartsWith('-') ? -span : span;
        return true;
    }

    [GeneratedRegex(@"^[+-]?((\d+(\.\d*)?|\.\d+)(ns|us|µs|ms|s|m|h))+$|^[+-]?0$", RegexOptions.CultureInvariant)]
    private static partial Regex Whole();

    [GeneratedRegex(@"(?<amount>\d+(\.\d*)?|\.\d+)(?<unit>ns|us|µs|ms|s|m|h)", RegexOptions.CultureInvariant)]
    private static partial Regex Part();
}
