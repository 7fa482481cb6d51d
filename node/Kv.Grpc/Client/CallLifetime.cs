using Grpc.Core;

namespace Kv.Grpc.Client;

/// <summary>How long a call may last and how it ended.</summary>
internal sealed class CallLifetime : IDisposable
{
    private readonly CancellationTokenSource _source = new();
    private readonly CancellationToken _cancelled;
    private readonly CancellationTokenRegistration _link;
    private readonly CancellationTokenRegistration _channelLink;
    private readonly DateTime? _deadline;
    private readonly bool _throwsCancelled;
    private CallOutcome? _outcome;

    // Who cancelled the source: if not this, then the deadline, whose timer may fire a little before its time.
    private volatile bool _isGivenUp;

    public CallLifetime(CallOptions options, bool throwsCancelled, CancellationToken channelClosed)
    {
        _cancelled = options.CancellationToken;
        _deadline = options.Deadline is { } deadline && deadline != DateTime.MaxValue
            ? deadline.ToUniversalTime()
            : null;
        _throwsCancelled = throwsCancelled;
        WaitsForReady = options.IsWaitForReady;
        _channelLink = channelClosed.UnsafeRegister(static lifetime => ((CallLifetime)lifetime!).GiveUp(), this);
        _link = _cancelled.UnsafeRegister(static lifetime => ((CallLifetime)lifetime!).GiveUp(), this);
        if (Remaining is not { } remaining)
            return;
        if (remaining <= TimeSpan.Zero)
            _source.Cancel();
        else if (remaining.TotalMilliseconds < int.MaxValue)
            _source.CancelAfter(remaining);
    }

    /// <summary>Fires when the caller, or the deadline, wants the call to end.</summary>
    public CancellationToken GivenUp => _source.Token;

    public bool WaitsForReady { get; }

    public TimeSpan? Remaining => _deadline - TimeProvider.System.GetUtcNow().UtcDateTime;

    public CallOutcome? Outcome => Volatile.Read(ref _outcome);

    public void GiveUp()
    {
        _isGivenUp = true;
        _source.Cancel();
    }

    /// <summary>Says how the call ended. False if it has ended already, and otherwise.</summary>
    public bool TryEnd(Status status, Metadata trailers) =>
        Interlocked.CompareExchange(ref _outcome, new CallOutcome(status, trailers), null) is null;

    /// <summary>What a failure means, given who wanted what.</summary>
    public Status Judge(Exception fault)
    {
        if (fault is RpcException { Status: var status })
            return status;
        if (_source.IsCancellationRequested && !_isGivenUp)
            return new Status(StatusCode.DeadlineExceeded, "context deadline exceeded", fault);
        if (fault is OperationCanceledException || _isGivenUp)
            return new Status(StatusCode.Cancelled, "Call canceled by the client.", fault);
        return HttpFault.ToStatus(fault);
    }

    public Exception ToException()
    {
        CallOutcome outcome = Outcome!;
        var thrown = new RpcException(outcome.Status, outcome.Trailers);
        bool isCancelled = outcome.Status.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded;
        return _throwsCancelled && isCancelled && _source.IsCancellationRequested
            ? new OperationCanceledException(outcome.Status.Detail, thrown, _cancelled)
            : thrown;
    }

    /// <summary>Lets go of the timer and of the caller's token, and makes whatever still goes on for the call stop.
    /// </summary>
    public void Dispose()
    {
        _link.Unregister();
        _channelLink.Unregister();
        _source.Cancel(); // which also stops the timer; there is nothing else to dispose of
    }
}
