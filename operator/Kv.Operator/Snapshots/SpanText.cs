using System.Globalization;

namespace Kv.Operator.Snapshots;

/// <summary>Time spans as people write them: 90m, 12h, 30d, 4w.</summary>
public static class SpanText
{
    /// <summary>Null for what is no such text.</summary>
    public static TimeSpan? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text))
            return null;
        ReadOnlySpan<char> digits = text.AsSpan(0, text.Length - 1);
        if (!int.TryParse(digits, NumberStyles.None, CultureInfo.InvariantCulture, out int number))
            return null;
        return text[^1] switch
        {
            _ when number is 0 or > 999_999 => null,
            'm' => TimeSpan.FromMinutes(number),
            'h' => TimeSpan.FromHours(number),
            'd' => TimeSpan.FromDays(number),
            'w' => TimeSpan.FromDays(7L * number),
            _ => null,
        };
    }
}
