using System.Diagnostics;

namespace Kv.Grpc;

/// <summary>When a call is given up: by its client, by the end of its connection, or by its deadline. Most calls never
/// ask, so the token and the timer behind it are made for the first that does.</summary>
internal sealed class CallCancellation
{
    // Longer waits than a timer can wait for are no deadline at all.
    private static readonly TimeSpan LongestTimeout = TimeSpan.FromDays(40);

    private CancellationTokenSource? _source;
    private CancellationTokenRegistration _abort;
    private CancellationToken _aborted;
    private CancellationToken _token;
    private bool _isMade;
    private long _dueTimestamp;

    public bool HasDeadline => _dueTimestamp != 0;

    /// <summary>Whether the time is over, or the timer has fired: it may do so a little early.</summary>
    public bool IsDeadlineOver => HasDeadline
        && (Stopwatch.GetTimestamp() >= _dueTimestamp
            || (_isMade && _token.IsCancellationRequested && !_aborted.IsCancellationRequested));

    /// <summary>The deadline by the wall clock, for who wants to pass it on; the maximum without one.</summary>
    public DateTime Deadline =>
        HasDeadline ? TimeProvider.System.GetUtcNow().UtcDateTime + Remaining : DateTime.MaxValue;

    private TimeSpan Remaining => Stopwatch.GetElapsedTime(Stopwatch.GetTimestamp(), _dueTimestamp);

    public void Begin(TimeSpan? timeout)
    {
        _isMade = false;
        _dueTimestamp = timeout is { } given && given < LongestTimeout
            ? Stopwatch.GetTimestamp() + (long)(given.TotalSeconds * Stopwatch.Frequency)
            : 0;
    }

    public CancellationToken Token(CallTransport transport)
    {
        if (!_isMade)
        {
            _token = HasDeadline ? StartTimer(transport.Lifetime.RequestAborted) : transport.Lifetime.RequestAborted;
            _isMade = true;
        }

        return _token;
    }

    public void End()
    {
        if (!_isMade || !HasDeadline)
            return;

        _abort.Dispose();
        if (!_source!.TryReset())
        {
            _source.Dispose();
            _source = null;
        }
    }

    private CancellationToken StartTimer(CancellationToken aborted)
    {
        _source ??= new CancellationTokenSource();
        TimeSpan remaining = Remaining;
        if (remaining > TimeSpan.Zero)
            _source.CancelAfter(remaining);
        else
            _source.Cancel();
        _aborted = aborted;
        _abort = aborted.UnsafeRegister(static source => ((CancellationTokenSource)source!).Cancel(), _source);
        return _source.Token;
    }
}
