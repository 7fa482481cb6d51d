using Kv.Raft;
using Kv.Server.Peers;

namespace Kv.Node.Tests.Peers;

/// <summary>Stores of any length, made up as they are read: byte n is n modulo 251.</summary>
internal sealed class TestSnapshots
{
    private const int Cycle = 251;

    private int _open;

    public long Bytes { get; set; } = 1_000_000;

    /// <summary>Called before each read.</summary>
    public Action OnRead { get; set; } = () => { };

    /// <summary>How many are open now.</summary>
    public int OpenCount => Volatile.Read(ref _open);

    public IOutgoingSnapshot Open(Message message)
    {
        Interlocked.Increment(ref _open);
        return new Snapshot(this, message);
    }

    /// <summary>Whether these bytes belong there.</summary>
    public static bool IsRight(long offset, ReadOnlySpan<byte> bytes)
    {
        byte expected = (byte)(offset % Cycle);
        foreach (byte each in bytes)
        {
            if (each != expected)
                return false;
            expected = (byte)((expected + 1) % Cycle);
        }

        return true;
    }

    private sealed class Snapshot(TestSnapshots owner, Message message) : IOutgoingSnapshot
    {
        public Message Message => message;

        public long Bytes => owner.Bytes;

        public int Read(long offset, Span<byte> destination)
        {
            owner.OnRead();
            byte next = (byte)(offset % Cycle);
            foreach (ref byte each in destination)
            {
                each = next;
                next = (byte)((next + 1) % Cycle);
            }

            return destination.Length;
        }

        public void Dispose() => Interlocked.Decrement(ref owner._open);
    }
}

/// <summary>Looks at what comes and keeps nothing of it.</summary>
internal sealed class CountingSink : ISnapshotSink
{
    private long _kept;
    private int _discarded;

    /// <summary>Thrown in place of the first write.</summary>
    public IOException? Fault { get; set; }

    /// <summary>The length of the last that was kept; negative if its content was wrong.</summary>
    public long KeptBytes => Volatile.Read(ref _kept);

    public ulong Index { get; private set; }

    public int Discarded => Volatile.Read(ref _discarded);

    public IIncomingSnapshot Begin(ulong index)
    {
        Index = index;
        return new Incoming(this);
    }

    private sealed class Incoming(CountingSink owner) : IIncomingSnapshot
    {
        private long _length;
        private bool _isWrong;
        private bool _isKept;

        public void Write(ReadOnlySpan<byte> piece)
        {
            if (owner.Fault is not null)
                throw owner.Fault;
            _isWrong |= !TestSnapshots.IsRight(_length, piece);
            _length += piece.Length;
        }

        public Task KeepAsync()
        {
            _isKept = true;
            Volatile.Write(ref owner._kept, _isWrong ? -_length : _length);
            return Task.CompletedTask;
        }

        public void Dispose()
        {
            if (!_isKept)
                Interlocked.Increment(ref owner._discarded);
        }
    }
}
