using System.Buffers;
using System.Globalization;
using System.Text;

namespace Kv.Server.Configuration;

/// <summary>Durations as etcd's flags, files and log lines write them: numbers with units, as in <c>1h30m</c> or
/// <c>1.5s</c>.</summary>
public static class GoDuration
{
    private static readonly (string Suffix, decimal Nanoseconds)[] Units =
    [
        ("ns", 1m), ("us", 1e3m), ("µs", 1e3m), ("μs", 1e3m), ("ms", 1e6m), ("s", 1e9m), ("m", 60e9m), ("h", 3600e9m),
    ];

    private const decimal NanosecondsMax = long.MaxValue; // what Go's type holds: 292 years

    private static readonly SearchValues<char> NumberLetters = SearchValues.Create("0123456789.");

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = default;
        ReadOnlySpan<char> rest = text;
        bool isNegative = rest.StartsWith("-");
        if (isNegative || rest.StartsWith("+"))
            rest = rest[1..];

        decimal total = 0;
        if (rest.IsEmpty || (rest is not "0" && !TrySum(rest, out total)))
            return false;

        if (total > NanosecondsMax)
            return false;
        duration = TimeSpan.FromTicks((long)(total / TimeSpan.NanosecondsPerTick) * (isNegative ? -1 : 1));
        return true;
    }

    /// <summary>As Go prints it: <c>1m30s</c>, <c>100ms</c>, <c>1.4134ms</c>, <c>0s</c>.</summary>
    public static string Format(TimeSpan duration)
    {
        if (duration == TimeSpan.Zero)
            return "0s";
        if (duration < TimeSpan.Zero)
            return "-" + Format(duration.Duration());
        if (duration < TimeSpan.FromMilliseconds(1))
            return Decimals(duration.TotalMicroseconds) + "µs";
        if (duration < TimeSpan.FromSeconds(1))
            return Decimals(duration.TotalMilliseconds) + "ms";

        var text = new StringBuilder();
        long hours = duration.Ticks / TimeSpan.TicksPerHour;
        if (hours > 0)
            text.Append(CultureInfo.InvariantCulture, $"{hours}h");
        if (duration >= TimeSpan.FromMinutes(1))
            text.Append(CultureInfo.InvariantCulture, $"{duration.Minutes}m");
        double seconds = (double)(duration.Ticks % TimeSpan.TicksPerMinute) / TimeSpan.TicksPerSecond;
        return text.Append(Decimals(seconds)).Append('s').ToString();
    }

    private static bool TrySum(ReadOnlySpan<char> rest, out decimal total)
    {
        total = 0;
        while (!rest.IsEmpty)
        {
            int length = rest.IndexOfAnyExcept(NumberLetters);
            if (length <= 0 || !TryParseNumber(rest[..length], out decimal number))
                return false;

            rest = rest[length..];
            if (!TryCutUnit(ref rest, out decimal nanoseconds) || number > NanosecondsMax / nanoseconds)
                return false;
            total += number * nanoseconds;
        }

        return true;
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out decimal number) =>
        decimal.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out number);

    private static bool TryCutUnit(ref ReadOnlySpan<char> rest, out decimal nanoseconds)
    {
        foreach ((string suffix, decimal unit) in Units)
        {
            // A unit ends where the next number begins: so "m" is not taken where "ms" stands.
            bool isWhole = rest.StartsWith(suffix) &&
                (rest.Length == suffix.Length || char.IsAsciiDigit(rest[suffix.Length]) || rest[suffix.Length] == '.');
            if (isWhole)
            {
                rest = rest[suffix.Length..];
                nanoseconds = unit;
                return true;
            }
        }

        nanoseconds = 0;
        return false;
    }

    private static string Decimals(double value) => value.ToString("0.#######", CultureInfo.InvariantCulture);
}
