namespace Kv.Replication;

/// <summary>Numbers for requests, unlike any this member gave before, over restarts too. As etcd makes them:
/// <code>
/// 63        48 47                            8 7       0
/// | member id |  milliseconds at start (40 b)  | counter |
/// </code>
/// The counter overflows into the milliseconds, which time has long passed by at the next start. Safe from any
/// thread.</summary>
public sealed class RequestIds
{
    private const int MemberShift = 48;
    private const int CounterBits = 8;
    private const ulong MillisecondsMask = (1UL << 40) - 1;

    private readonly ulong _prefix;
    private ulong _suffix;

    public RequestIds(ulong memberId, DateTimeOffset start)
    {
        unchecked
        {
            _prefix = memberId << MemberShift;
            _suffix = ((ulong)start.ToUnixTimeMilliseconds() & MillisecondsMask) << CounterBits;
        }
    }

    public ulong Next()
    {
        unchecked
        {
            return _prefix | (Interlocked.Increment(ref _suffix) & ((1UL << MemberShift) - 1));
        }
    }
}
