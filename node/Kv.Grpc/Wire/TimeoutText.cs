using System.Globalization;

namespace Kv.Grpc.Wire;

/// <summary>The value of <c>grpc-timeout</c>: at most eight digits and a unit, <c>H M S m u n</c>.</summary>
internal static class TimeoutText
{
    private const int DigitsMax = 8;
    private const long LargestNumber = 99_999_999;
    private const long NanosecondsPerTick = 100;

    private static readonly (char Unit, long Ticks)[] Units =
    [
        ('u', TimeSpan.TicksPerMicrosecond),
        ('m', TimeSpan.TicksPerMillisecond),
        ('S', TimeSpan.TicksPerSecond),
        ('M', TimeSpan.TicksPerMinute),
        ('H', TimeSpan.TicksPerHour),
    ];

    public static bool TryParse(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > DigitsMax + 1)
            return false;
        ReadOnlySpan<char> digits = text.AsSpan(0, text.Length - 1);
        if (!long.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out long n))
            return false;

        char unit = text[^1];
        if (unit == 'n')
        {
            timeout = TimeSpan.FromTicks((n + NanosecondsPerTick - 1) / NanosecondsPerTick);
            return true;
        }

        foreach ((char name, long ticks) in Units)
        {
            if (name == unit)
            {
                timeout = TimeSpan.FromTicks(n * ticks);
                return true;
            }
        }

        return false;
    }

    /// <summary>In the finest unit that has room, rounded up: a server should not give up before its client.</summary>
    public static string Format(TimeSpan timeout)
    {
        if (timeout <= TimeSpan.Zero)
            return "0n";
        foreach ((char unit, long ticks) in Units)
        {
            long number = (timeout.Ticks / ticks) + (timeout.Ticks % ticks == 0 ? 0 : 1);
            if (number <= LargestNumber)
                return string.Create(CultureInfo.InvariantCulture, $"{number}{unit}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{LargestNumber}H");
    }
}
