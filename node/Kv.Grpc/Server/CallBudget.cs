using System.Runtime.InteropServices;
using Grpc.Core;

namespace Kv.Grpc;

/// <summary>What the calls under way hold of the server's memory, and how much they may: a call for which there is no
/// room is refused at once, before its request is read, instead of making all others slow and the process end for
/// want of memory. Counted by interlocked additions, of which a small call takes two: one as it begins, and one when
/// its answer has left, but for at most the 64 KiB that Kestrel keeps of each stream.</summary>
/// <param name="limits">How much may be held.</param>
/// <param name="refusal">What a call is told for which there is no room.</param>
public sealed class CallBudget(CallLimits limits, Status refusal)
{
    /// <summary>Messages up to this length are not counted by themselves: they fit what each call takes
    /// anyway.</summary>
    public const int SmallBytes = 4096;

    private readonly long[] _refused = new long[Enum.GetValues<CallLimit>().Length];
    private Cells _cells;

    public CallLimits Limits => limits;

    public Status Refusal => refusal;

    /// <summary>Calls under way, without those that are first in line.</summary>
    public long Calls => Volatile.Read(ref _cells.Calls);

    /// <summary>Bytes that calls under way hold.</summary>
    public long Bytes => Volatile.Read(ref _cells.Bytes);

    /// <summary>Calls refused so far because of this limit.</summary>
    public long Refused(CallLimit limit) => Interlocked.Read(ref _refused[(int)limit]);

    internal bool TryEnter()
    {
        if (Interlocked.Increment(ref _cells.Calls) <= limits.CallsMax)
            return true;
        Leave();
        Interlocked.Increment(ref _refused[(int)CallLimit.Calls]);
        return false;
    }

    internal void Leave() => Interlocked.Decrement(ref _cells.Calls);

    /// <summary>False, and nothing is held, if that would be too much. What is too much all alone is let through: there
    /// is nothing to wait for.</summary>
    internal bool TryHold(long bytes, ConnectionLoad? connection)
    {
        long all = Interlocked.Add(ref _cells.Bytes, bytes);
        long own = connection?.Add(bytes) ?? bytes;
        bool fits = all <= limits.BytesMax || all == bytes;
        bool fitsConnection = own <= limits.ConnectionBytesMax || own == bytes;
        if (fits && fitsConnection)
            return true;
        LetGo(bytes, connection);
        Interlocked.Increment(ref _refused[(int)(fits ? CallLimit.ConnectionBytes : CallLimit.Bytes)]);
        return false;
    }

    /// <summary>For what is there already, and so cannot be refused.</summary>
    internal void Hold(long bytes, ConnectionLoad? connection)
    {
        Interlocked.Add(ref _cells.Bytes, bytes);
        connection?.Add(bytes);
    }

    internal void LetGo(long bytes, ConnectionLoad? connection)
    {
        Interlocked.Add(ref _cells.Bytes, -bytes);
        connection?.Add(-bytes);
    }

    // On cache lines of their own, wherever the object lies.
    [StructLayout(LayoutKind.Explicit, Size = 192)]
    private struct Cells
    {
        [FieldOffset(64)]
        public long Calls;

        [FieldOffset(128)]
        public long Bytes;
    }
}

/// <summary>What the calls of one connection hold together; a feature of the connection.</summary>
internal sealed class ConnectionLoad
{
    private long _bytes;

    public long Add(long bytes) => Interlocked.Add(ref _bytes, bytes);
}
