using System.Globalization;

namespace Kv.Server.Cli;

/// <summary>Sizes as etcd's tools show them: in powers of 1000, with one decimal below 10.</summary>
internal static class HumanBytes
{
    private static readonly string[] Units = ["B", "kB", "MB", "GB", "TB", "PB", "EB"];

    public static string Format(long bytes)
    {
        const double Step = 1000;
        int unit = bytes < Step ? 0 : (int)Math.Log(bytes, Step);
        double value = Math.Floor((bytes / Math.Pow(Step, unit) * 10) + 0.5) / 10;
        string digits = value < 10 && unit > 0 ? "0.0" : "0";
        return $"{value.ToString(digits, CultureInfo.InvariantCulture)} {Units[unit]}";
    }
}
