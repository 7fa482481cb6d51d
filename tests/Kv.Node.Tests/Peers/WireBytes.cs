using System.Buffers;
using Kv.Raft;
using Kv.Server.Peers;
using Kv.Server.Peers.Wire;

namespace Kv.Node.Tests.Peers;

/// <summary>Bytes of the peers' protocol, made and taken apart without a socket.</summary>
internal static class WireBytes
{
    public static byte[] Encode(Message message, MessageStyle style)
    {
        var encoder = new RaftMessageEncoder(style);
        var buffer = new ArrayBufferWriter<byte>();
        var output = new WireOutput(buffer);
        encoder.Write(ref output, message);
        output.Flush();
        Assert.Equal(encoder.SizeOf(message), buffer.WrittenCount);
        Assert.Equal(buffer.WrittenCount, output.Count);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Writes messages, null for heartbeats, as one stream.</summary>
    public static byte[] EncodeStream(StreamKind kind, MessageStyle style, IEnumerable<Message?> messages)
    {
        IStreamEncoder encoder = kind.CreateEncoder(style);
        var buffer = new ArrayBufferWriter<byte>();
        long bytes = 0;
        foreach (Message? message in messages)
            bytes += message is null ? encoder.WriteHeartbeat(buffer) : encoder.Write(buffer, message);
        Assert.Equal(buffer.WrittenCount, bytes);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads all whole frames of a stream; says how many bytes they were.</summary>
    public static (List<Message?> Messages, long Bytes) DecodeStream(
        IStreamDecoder decoder, ReadOnlySequence<byte> bytes)
    {
        var messages = new List<Message?>();
        ReadOnlySequence<byte> rest = bytes;
        FrameOutcome outcome;
        while ((outcome = decoder.TryRead(ref rest, out Message? message)) == FrameOutcome.Taken)
            messages.Add(message);
        Assert.Equal(FrameOutcome.Incomplete, outcome);
        return (messages, bytes.Length - rest.Length);
    }

    /// <summary>The same bytes in segments of the lengths drawn, as they come from a pipe.</summary>
    public static ReadOnlySequence<byte> Split(byte[] bytes, Func<int> nextLength)
    {
        var first = new Segment(ReadOnlyMemory<byte>.Empty, null);
        Segment last = first;
        for (int at = 0; at < bytes.Length;)
        {
            int length = Math.Min(nextLength(), bytes.Length - at);
            last = new Segment(bytes.AsMemory(at, length), last);
            at += length;
        }

        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        public Segment(ReadOnlyMemory<byte> memory, Segment? before)
        {
            Memory = memory;
            if (before is null)
                return;
            RunningIndex = before.RunningIndex + before.Memory.Length;
            before.Next = this;
        }
    }
}
