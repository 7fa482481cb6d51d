using System.Runtime.InteropServices;

namespace Kv.Replication;

/// <summary>Says whether one more request may wait for the log. By Little's law a request waits for as long as those
/// before it take to come through; one that would wait beyond its time is better refused at once than worked for in
/// vain. How many come through in a second is measured while many wait; few may always wait, so that a burst after a
/// quiet time, of which no measure says anything, is taken as etcd takes it.
/// <code>
///   may wait = max(AlwaysMax, come through in a second * patience)
/// </code>
/// Any thread's. A request costs two interlocked additions.</summary>
/// <param name="patience">How long a request may wait for its outcome.</param>
public sealed class WriteBacklog(TimeSpan patience, TimeProvider time)
{
    /// <summary>So many may wait however long it takes.</summary>
    public const long AlwaysMax = 20_000;

    // How often the clock is looked at: once in so many outcomes, and counted over no less than this time, since
    // outcomes are told in batches.
    private const long EndsPerLook = 256;
    private static readonly TimeSpan SpanMin = TimeSpan.FromMilliseconds(100);

    // A slow moment, as of a disk that stalls, is not to count at once for all that come after it.
    private const double Remembered = 0.8;

    private readonly Lock _gate = new();
    private Cells _cells;
    private long _lastEnded;
    private long _lastLook = time.GetTimestamp();
    private double _perSecond;
    private long _refused;

    /// <summary>Requests whose outcome is not known yet.</summary>
    public long Waiting => Volatile.Read(ref _cells.Begun) - Volatile.Read(ref _cells.Ended);

    /// <summary>Requests turned away so far.</summary>
    public long Refused => Interlocked.Read(ref _refused);

    /// <summary>How many may wait now.</summary>
    public long WaitingMax => Math.Max(AlwaysMax, (long)(Volatile.Read(ref _perSecond) * patience.TotalSeconds));

    /// <summary>False if it would wait too long; else <see cref="End"/> is to be called once.</summary>
    public bool TryBegin()
    {
        long waiting = Waiting;
        if (waiting >= AlwaysMax && waiting >= WaitingMax)
        {
            Interlocked.Increment(ref _refused);
            return false;
        }

        Begin();
        return true;
    }

    /// <summary>For what is never turned away.</summary>
    public void Begin() => Interlocked.Increment(ref _cells.Begun);

    public void End()
    {
        long ended = Interlocked.Increment(ref _cells.Ended);
        if (ended % EndsPerLook == 0)
            Look(ended);
    }

    private void Look(long ended)
    {
        lock (_gate)
        {
            long now = time.GetTimestamp();
            TimeSpan span = time.GetElapsedTime(_lastLook, now);
            if (span < SpanMin || ended <= _lastEnded)
                return;
            double seen = (ended - _lastEnded) / span.TotalSeconds;
            double faded = (_perSecond * Remembered) + (seen * (1 - Remembered));
            Volatile.Write(ref _perSecond, Math.Max(seen, faded));
            _lastEnded = ended;
            _lastLook = now;
        }
    }

    // On cache lines of their own: those who begin and those who end are seldom the same threads.
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Cells
    {
        [FieldOffset(64)]
        public long Begun;

        [FieldOffset(128)]
        public long Ended;
    }
}
