using System.Collections.Concurrent;
using System.Diagnostics;
using Kv.Server.Metrics;
using Kv.Store;

namespace Kv.Server.Observers;

/// <summary>Counts and times requests on their way through the log. Any thread's.</summary>
internal sealed class ProposalObserver(ProposalMetrics proposals, RequestMetrics requests)
{
    private readonly ConcurrentDictionary<int, OutcomeHistogram> _times = new();

    /// <summary>Where the times of a kind of request are kept.</summary>
    /// <param name="field">That of InternalRaftRequest.</param>
    public OutcomeHistogram TimesOf(int field) =>
        _times.GetOrAdd(field, static (field, requests) => requests.RequestOf(RequestNames.Of(field)), requests);

    public void OnProposing() => proposals.Begun.Increment();

    /// <summary>The outcome is known, or will not be known any more.</summary>
    /// <param name="begunAt">When the request came, as a timestamp of <see cref="Stopwatch"/>.</param>
    /// <param name="appliedAt">When its entry was applied; 0 if it was not.</param>
    public void OnEnded(OutcomeHistogram times, long begunAt, long appliedAt, KvError error)
    {
        proposals.Ended.Increment();
        bool isDecided = IsDecided(error);
        if (!isDecided && error != KvError.RequestTooLarge && !IsTooMuch(error))
            proposals.Failed.Increment();
        if (IsTooMuch(error))
            return; // etcd turns it away before it looks at the clock
        long end = appliedAt != 0 ? appliedAt : Stopwatch.GetTimestamp();
        times.Observe(Stopwatch.GetElapsedTime(begunAt, end), isDecided);
    }

    private static bool IsTooMuch(KvError error) => error is KvError.TooManyRequests or KvError.Overloaded;

    // What the entry came to is not asked here: a refusal is as good an outcome as any.
    private static bool IsDecided(KvError error) => error is not (
        KvError.RequestTooLarge
        or KvError.TooManyRequests
        or KvError.Overloaded
        or KvError.Timeout
        or KvError.TimeoutDueToConnectionLost
        or KvError.TimeoutDueToLeaderFailure
        or KvError.Stopped);
}
