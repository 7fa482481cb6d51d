using System.Globalization;

namespace Kv.Sandbox.ApiServer.Answers;

/// <summary>How long ago, in the few letters that kubectl prints.</summary>
internal static class Ages
{
    public static string Since(string? time)
    {
        if (!DateTimeOffset.TryParse(
            time, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset then))
        {
            return "<unknown>";
        }

        TimeSpan age = DateTimeOffset.UtcNow - then;
        long seconds = Math.Max(0, (long)age.TotalSeconds);
        long minutes = seconds / 60;
        long hours = minutes / 60;
        long days = hours / 24;
        return (seconds, minutes, hours, days) switch
        {
            ( < 120, _, _, _) => $"{seconds}s",
            (_, < 10, _, _) => Two(minutes, "m", seconds % 60, "s"),
            (_, < 180, _, _) => $"{minutes}m",
            (_, _, < 8, _) => Two(hours, "h", minutes % 60, "m"),
            (_, _, < 48, _) => $"{hours}h",
            (_, _, _, < 8) => Two(days, "d", hours % 24, "h"),
            (_, _, _, < 730) => $"{days}d",
            _ => Two(days / 365, "y", days % 365, "d"),
        };
    }

    private static string Two(long big, string bigUnit, long small, string smallUnit) =>
        small == 0 ? $"{big}{bigUnit}" : $"{big}{bigUnit}{small}{smallUnit}";
}
