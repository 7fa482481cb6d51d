using System.Diagnostics;
using Grpc.Core;
using Kv.Benchmarks.Measures;

namespace Kv.Benchmarks.Loads;

/// <summary>Sends requests from a number of clients until the total or the time is reached. With a rate, requests are
/// due at fixed moments and are measured from then: a server that stalls is charged for those that had to
/// wait.</summary>
public sealed class LoadRun(LoadOptions options)
{
    private readonly ClientTally[] _tallies = [.. Enumerable.Range(0, options.Clients).Select(_ => new ClientTally())];
    private long _started;
    private long _clock;

    /// <summary>Runs one kind of request; <paramref name="request"/> makes it for the client of that number.</summary>
    public async Task<RunResult> RunAsync(string what, Func<int, Random, Task> request)
    {
        ServerUsage? before = Usage();
        _clock = Stopwatch.GetTimestamp();
        using var stop = new CancellationTokenSource(options.Duration);
        await Task.WhenAll(
            Enumerable.Range(0, options.Clients).Select(client => RunClientAsync(client, request, stop.Token)));
        TimeSpan elapsed = Stopwatch.GetElapsedTime(_clock) - options.Warmup;

        var all = new LatencyHistogram();
        foreach (ClientTally tally in _tallies)
            all.Add(tally.Latencies);
        return new RunResult(what, elapsed, all, _tallies.Sum(tally => tally.Errors))
        {
            Before = before,
            After = Usage(),
            FirstError = _tallies.Select(tally => tally.FirstError).FirstOrDefault(error => error is not null),
        };
    }

    private ServerUsage? Usage() => options.Process == 0 ? null : ServerUsage.Read(options.Process);

    private async Task RunClientAsync(int client, Func<int, Random, Task> request, CancellationToken stop)
    {
        // The first steps of all clients must not be made by one thread, one after the other.
        await Task.Yield();
        var random = new Random(HashCode.Combine(options.Seed, client));
        ClientTally tally = _tallies[client];
        while (!stop.IsCancellationRequested)
        {
            long number = Interlocked.Increment(ref _started) - 1;
            if (number >= options.Total)
                return;
            if (!await IsDueAsync(number, stop))
                return;
            await MeasureAsync(tally, request(client, random), DueAt(number));
        }
    }

    private async Task MeasureAsync(ClientTally tally, Task request, long from)
    {
        try
        {
            await request;
            if (Stopwatch.GetElapsedTime(_clock, from) >= options.Warmup)
                tally.Latencies.Record(Stopwatch.GetElapsedTime(from));
        }
        catch (RpcException refused)
        {
            tally.Errors++;
            tally.FirstError ??= refused.Status.ToString();
        }
    }

    private long DueAt(long number)
    {
        if (options.Rate == 0)
            return Stopwatch.GetTimestamp();
        return _clock + (long)(number / options.Rate * Stopwatch.Frequency);
    }

    // Waits for the moment at which the request of that number is due; false if the run ends before.
    private async Task<bool> IsDueAsync(long number, CancellationToken stop)
    {
        if (options.Rate == 0)
            return true;
        TimeSpan early = Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), DueAt(number));
        if (early < TimeSpan.FromMilliseconds(1))
            return !stop.IsCancellationRequested;

        using var timer = new PeriodicTimer(early);
        try
        {
            return await timer.WaitForNextTickAsync(stop);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private sealed class ClientTally
    {
        public LatencyHistogram Latencies { get; } = new();

        public long Errors { get; set; }

        public string? FirstError { get; set; }
    }
}
