using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Kubelet;

/// <summary>Asks a running container again and again, and tells when it is better or worse for long enough. Until a
/// container has answered well for the first time, it is asked more often than its period says, so that nobody waits
/// for the rest of a period; what is wrong in between does not count.</summary>
internal sealed class ProbeLoop(JsonObject source, Probe probe, Action<bool, string> tell)
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(100);

    private bool? _told;
    private bool _wasGood;
    private int _failures;
    private int _successes;

    /// <summary>Asks until stopped. What was not yet told is told at the first threshold reached.</summary>
    /// <param name="endsWithSuccess">For startup probes, which are over then.</param>
    public async Task RunAsync(bool endsWithSuccess, CancellationToken stop)
    {
        try
        {
            if (source.Number("initialDelaySeconds") is > 0 and { } delay)
                await Pause.ForAsync(TimeSpan.FromSeconds(delay), stop);
            var period = TimeSpan.FromSeconds(source.Number("periodSeconds") ?? 10);
            bool hasAnswered = false;
            while (true)
            {
                Count(hasAnswered ? null : await probe.AskAsync(stop));
                if (endsWithSuccess && _told == true)
                    return;
                hasAnswered = await WaitAsync(period, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The container has ended.
        }
    }

    /// <summary>Waits until the next time to ask; whether it has answered well meanwhile.</summary>
    private async Task<bool> WaitAsync(TimeSpan period, CancellationToken stop)
    {
        TimeSpan waited = TimeSpan.Zero;
        TimeSpan pause = _wasGood ? period : FirstPause;
        while (waited < period)
        {
            await Pause.ForAsync(pause < period - waited ? pause : period - waited, stop);
            waited += pause;
            bool isEarly = waited < period;
            if (isEarly && await probe.AskAsync(stop) is null)
                return true;
            pause *= 1.5;
        }

        return false;
    }

    private void Count(string? fault)
    {
        _wasGood |= fault is null;
        _failures = fault is null ? 0 : _failures + 1;
        _successes = fault is null ? _successes + 1 : 0;
        bool isGood = fault is null && _successes >= (source.Number("successThreshold") ?? 1);
        bool isBad = fault is not null && _failures >= (source.Number("failureThreshold") ?? 3);
        if (isGood && _told != true)
        {
            _told = true;
            tell(true, "");
        }
        else if (isBad && _told != false)
        {
            _told = false;
            tell(false, fault!);
        }
    }
}
