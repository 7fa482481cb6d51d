using System.Globalization;
using Kv.Simulation.Tests.Checks;

namespace Kv.Simulation.Tests;

/// <summary>The simulator as a program:
/// <code>
/// --seed N                        runs that one, and shows the end of its trace if it fails
/// --hours H, --seconds S          runs seeds for so long,
/// --seeds N                       or so many of them, whichever comes first
/// --from N                        beginning with this one; any by default
/// --threads N                     so many at a time; one for each processor by default
/// --failures N                    goes on until so many seeds have failed; 1 by default
/// --trace N                       so many lines of the trace of one that fails
/// </code>
/// Ends with 1 if a seed failed.</summary>
internal static class RunCommand
{
    private const int TraceLines = 60;

    private static readonly string[] Names =
        ["--seed", "--hours", "--seconds", "--seeds", "--from", "--threads", "--failures", "--trace"];

    /// <summary>Whether these are options of this program, and not of the tests' own.</summary>
    public static bool IsMeant(string[] arguments) => arguments is [var first, ..] && Names.Contains(first);

    public static int Run(string[] arguments)
    {
        var options = new Dictionary<string, double>(StringComparer.Ordinal);
        for (int index = 0; index < arguments.Length; index += 2)
        {
            string name = arguments[index];
            string text = index + 1 < arguments.Length ? arguments[index + 1] : "";
            if (!Names.Contains(name) || !double.TryParse(text, CultureInfo.InvariantCulture, out double number))
            {
                Console.Error.WriteLine($"not an option with a number: {name}; there are {string.Join(' ', Names)}");
                return 2;
            }

            options[name] = number;
        }

        return options.TryGetValue("--seed", out double seed)
            ? RunOne((int)seed, (int)options.GetValueOrDefault("--trace", TraceLines))
            : RunMany(options);
    }

    private static int RunMany(Dictionary<string, double> options)
    {
        double seconds = (options.GetValueOrDefault("--hours") * 3600) + options.GetValueOrDefault("--seconds");
        var run = new SeedRun(
            from: (int)options.GetValueOrDefault("--from", Environment.TickCount & 0x3FFF_FFFF),
            threads: (int)options.GetValueOrDefault("--threads", Environment.ProcessorCount),
            Console.WriteLine)
        {
            FailuresMax = (int)options.GetValueOrDefault("--failures", 1),
            TraceLines = (int)options.GetValueOrDefault("--trace", TraceLines),
        };
        run.Run(
            seedsMax: (int)options.GetValueOrDefault("--seeds", int.MaxValue),
            seconds > 0 ? TimeSpan.FromSeconds(seconds) : TimeSpan.MaxValue);
        Console.WriteLine(run.Summary);
        return run.Failures.Count == 0 ? 0 : 1;
    }

    private static int RunOne(int seed, int traceLines)
    {
        try
        {
            Console.WriteLine(Simulation.Run(seed, traceLines));
            return 0;
        }
        catch (SimulationFailedException failure)
        {
            Console.WriteLine(failure.Message);
            return 1;
        }
    }
}
