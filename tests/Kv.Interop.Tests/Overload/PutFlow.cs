using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Kv.Testing;

namespace Kv.Interop.Tests.Overload;

/// <summary>Puts on one connection, at a pace that does not wait for the answers as long as there are not too many to
/// wait for.</summary>
public sealed class PutFlow : IAsyncDisposable
{
    private const string Path = "/etcdserverpb.KV/Put";
    private const int BatchMax = 100;
    private const int WindowBytes = 1 << 30;

    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(5);

    private readonly Socket _socket;
    private readonly byte[] _call;
    private readonly int _messageOffset;
    private readonly double _perSecond;
    private readonly int _openMax;
    private readonly SemaphoreSlim _answered = new(0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _sending;
    private readonly Task _receiving;
    private long _sent;
    private long _ended;
    private long _done;

    /// <param name="node">Where to.</param>
    /// <param name="message">The put.</param>
    /// <param name="perSecond">How many to begin in a second; infinite is as many as are let.</param>
    /// <param name="openMax">How many may wait for their answers at once.</param>
    public PutFlow(IPEndPoint node, byte[] message, double perSecond, int openMax)
    {
        _perSecond = perSecond;
        _openMax = openMax;
        byte[] head = RawHttp2.Call(0, Path);
        _messageOffset = head.Length;
        _call = [.. head, .. RawHttp2.Message(0, message)];
        _socket = RawHttp2.Connect(node);
        byte[] window = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(window, WindowBytes);
        _socket.Send(
        [
            .. RawHttp2.Preface, .. RawHttp2.Frame(RawHttp2.Settings, 0, 0, []),
            .. RawHttp2.Frame(RawHttp2.WindowUpdate, 0, 0, window),
        ]);
        _sending = SendAsync();
        _receiving = ReceiveAsync();
    }

    public long Sent => Volatile.Read(ref _sent);

    /// <summary>Calls that were answered with what they asked for.</summary>
    public long Done => Volatile.Read(ref _done);

    public long Refused => Volatile.Read(ref _ended) - Done;

    /// <summary>Waits until so much has come of it; the test fails if that takes too long.</summary>
    public async Task UntilAsync(Func<bool> condition, TimeSpan within)
    {
        using var timer = new PeriodicTimer(Tick);
        long start = Stopwatch.GetTimestamp();
        while (!condition())
        {
            Assert.True(Stopwatch.GetElapsedTime(start) < within, $"{Done} done, {Refused} refused in {within}");
            await timer.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _sending;
        _socket.Dispose();
        await _receiving;
        _stop.Dispose();
        _answered.Dispose();
    }

    private async Task SendAsync()
    {
        byte[] batch = new byte[BatchMax * _call.Length];
        long start = Stopwatch.GetTimestamp();
        try
        {
            while (true)
            {
                double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
                double due = double.IsInfinity(_perSecond) ? BatchMax : (_perSecond * seconds) - Sent;
                long room = _openMax - (Sent - Volatile.Read(ref _ended));
                int count = (int)Math.Clamp(Math.Min(room, due), 0, BatchMax);
                if (count == 0)
                {
                    await _answered.WaitAsync(Tick, _stop.Token);
                    continue;
                }

                for (int index = 0; index < count; index++)
                    Write(batch.AsSpan(index * _call.Length), stream: (int)((2 * (Sent + index)) + 1));
                Volatile.Write(ref _sent, Sent + count);
                ReadOnlyMemory<byte> left = batch.AsMemory(0, count * _call.Length);
                while (!left.IsEmpty)
                    left = left[await _socket.SendAsync(left, SocketFlags.None, _stop.Token)..];
            }
        }
        catch (OperationCanceledException)
        {
            // It is enough.
        }
    }

    private void Write(Span<byte> target, int stream)
    {
        const int StreamOffset = 5;
        _call.CopyTo(target);
        BinaryPrimitives.WriteInt32BigEndian(target[StreamOffset..], stream);
        BinaryPrimitives.WriteInt32BigEndian(target[(_messageOffset + StreamOffset)..], stream);
    }

    private async Task ReceiveAsync()
    {
        byte[] received = new byte[64 * 1024];
        int kept = 0;
        try
        {
            while (true)
            {
                int read = await _socket.ReceiveAsync(received.AsMemory(kept), SocketFlags.None);
                if (read == 0)
                    return;
                kept = TakeFrames(received, kept + read);
                if (_answered.CurrentCount == 0)
                    _answered.Release();
            }
        }
        catch (SocketException)
        {
            // Closed by us.
        }
    }

    // Returns how many bytes of an incomplete frame were moved to the beginning.
    private int TakeFrames(byte[] received, int length)
    {
        int offset = 0;
        while (length - offset >= RawHttp2.FrameHeaderBytes)
        {
            int payload = BinaryPrimitives.ReadInt32BigEndian(received.AsSpan(offset)) >>> 8;
            if (length - offset < RawHttp2.FrameHeaderBytes + payload)
                break;
            Count(type: received[offset + 3], flags: received[offset + 4], payload);
            offset += RawHttp2.FrameHeaderBytes + payload;
        }

        received.AsSpan(offset, length - offset).CopyTo(received);
        return length - offset;
    }

    // Who is refused gets a status and nothing else.
    private void Count(byte type, byte flags, int payload)
    {
        Assert.NotEqual(RawHttp2.GoAway, type);
        if (type == RawHttp2.Data && payload > 0)
            Volatile.Write(ref _done, _done + 1);
        bool ends = type is RawHttp2.Data or RawHttp2.Headers && (flags & RawHttp2.EndStream) != 0;
        if (ends)
            Volatile.Write(ref _ended, _ended + 1);
    }
}
