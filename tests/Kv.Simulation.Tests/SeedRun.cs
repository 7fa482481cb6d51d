using System.Collections.Concurrent;
using System.Diagnostics;
using Kv.Simulation.Tests.Checks;

namespace Kv.Simulation.Tests;

/// <summary>Runs one seed after the other, on as many threads as there are processors: each run is a world of its own,
/// of one thread.</summary>
internal sealed class SeedRun(int from, int threads, Action<string> tell)
{
    private static readonly TimeSpan TellInterval = TimeSpan.FromSeconds(10);

    private readonly ConcurrentQueue<string> _failures = new();
    private readonly ConcurrentQueue<SimulationReport> _reports = new();
    private readonly Stopwatch _watch = Stopwatch.StartNew();
    private long _told;
    private int _next = from - 1;

    /// <summary>Ends when so many seeds have failed.</summary>
    public int FailuresMax { get; init; } = 1;

    /// <summary>Lines of the trace that a failure is told with.</summary>
    public int TraceLines { get; init; } = 60;

    /// <summary>What went wrong, each with its seed.</summary>
    public IReadOnlyCollection<string> Failures => _failures;

    public string Summary
    {
        get
        {
            SimulationReport[] reports = [.. _reports];
            return $"{reports.Length + _failures.Count} seeds from {from} on in {_watch.Elapsed.TotalSeconds:F0} s, "
                + $"{_failures.Count} failed; "
                + $"{reports.Sum(static report => (long)report.Operations)} requests, "
                + $"{reports.Sum(static report => report.Revisions)} revisions, "
                + $"{reports.Sum(static report => (long)report.LedTerms)} terms, "
                + $"{reports.Sum(static report => (long)report.Faults)} faults, "
                + $"{reports.Sum(static report => (long)report.Snapshots)} snapshots, "
                + $"{reports.Sum(static report => (long)report.MemberChanges)} changes of members in "
                + $"{reports.Sum(static report => report.Simulated.TotalHours):F1} simulated hours";
        }
    }

    /// <summary>Runs so many seeds, or for so long, whichever ends first.</summary>
    public void Run(int seedsMax, TimeSpan time)
    {
        Thread[] workers =
        [
            .. Enumerable.Range(0, threads).Select(_ => new Thread(() => Work(seedsMax, time)) { IsBackground = true }),
        ];
        foreach (Thread worker in workers)
            worker.Start();
        foreach (Thread worker in workers)
            worker.Join();
    }

    private void Work(int seedsMax, TimeSpan time)
    {
        while (_failures.Count < FailuresMax && _watch.Elapsed < time)
        {
            int seed = Interlocked.Increment(ref _next);
            if (seed - from >= seedsMax)
                return;
            try
            {
                _reports.Enqueue(Simulation.Run(seed, TraceLines));
            }
            catch (SimulationFailedException failure)
            {
                _failures.Enqueue(failure.Message);
                tell(failure.Message);
            }

            TellNowAndThen();
        }
    }

    private void TellNowAndThen()
    {
        long told = Volatile.Read(ref _told);
        if (_watch.Elapsed.Ticks - told >= TellInterval.Ticks
            && Interlocked.CompareExchange(ref _told, _watch.Elapsed.Ticks, told) == told)
        {
            tell(Summary);
        }
    }
}
