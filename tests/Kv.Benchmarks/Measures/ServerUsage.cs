using System.Globalization;

namespace Kv.Benchmarks.Measures;

/// <summary>What a process of this machine has used, from /proc.</summary>
public sealed record ServerUsage(TimeSpan Cpu, long RssBytes, long PeakRssBytes)
{
    // User and system time of the process with all its threads are the 14th and 15th field of stat, in ticks of which
    // Linux has 100 a second on every machine.
    private const int UserTimeAfterName = 11;
    private const int TicksPerSecond = 100;
    private const int KiB = 1024;

    public static ServerUsage Read(int process)
    {
        string stat = File.ReadAllText($"/proc/{process}/stat");

        // The name may hold spaces and parentheses, so fields are counted from its last one.
        string[] fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        long ticks = Number(fields[UserTimeAfterName]) + Number(fields[UserTimeAfterName + 1]);
        string[] status = File.ReadAllLines($"/proc/{process}/status");
        return new ServerUsage(
            TimeSpan.FromSeconds((double)ticks / TicksPerSecond),
            Kilobytes(status, "VmRSS:") * KiB,
            Kilobytes(status, "VmHWM:") * KiB);
    }

    private static long Kilobytes(string[] status, string name)
    {
        string line = status.First(line => line.StartsWith(name, StringComparison.Ordinal));
        return Number(line[name.Length..].Replace("kB", "", StringComparison.Ordinal).Trim());
    }

    private static long Number(string text) => long.Parse(text, CultureInfo.InvariantCulture);
}
