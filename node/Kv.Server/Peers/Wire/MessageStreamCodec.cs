using System.Buffers;
using Kv.Raft;

namespace Kv.Server.Peers.Wire;

/// <summary>The stream of all messages but appends.
/// <code>
/// 0           8
/// | length BE | raftpb.Message | length BE | ...
/// </code>
/// A heartbeat of the link is a message of type heartbeat from nobody to nobody.</summary>
internal sealed class MessageStreamEncoder(MessageStyle style) : IStreamEncoder
{
    private static readonly Message LinkHeartbeat = new() { Type = MessageType.Heartbeat };

    private readonly RaftMessageEncoder _messages = new(style);

    public long Write(IBufferWriter<byte> output, Message message)
    {
        var wire = new WireOutput(output);
        wire.BigEndian((ulong)_messages.SizeOf(message));
        _messages.Write(ref wire, message);
        wire.Flush();
        return wire.Count;
    }

    public long WriteHeartbeat(IBufferWriter<byte> output) => Write(output, LinkHeartbeat);
}

/// <summary>Reads what <see cref="MessageStreamEncoder"/> draws.</summary>
internal sealed class MessageStreamDecoder : IStreamDecoder
{
    public FrameOutcome TryRead(ref ReadOnlySequence<byte> received, out Message? message)
    {
        message = null;
        var reader = new SequenceReader<byte>(received);
        if (!reader.TryReadBigEndian(out long length))
            return FrameOutcome.Incomplete;
        if (length is < 0 or > WireLimits.FrameBytesMax)
            return FrameOutcome.Malformed;
        if (!reader.TryReadExact((int)length, out ReadOnlySequence<byte> frame))
            return FrameOutcome.Incomplete;

        message = RaftMessageDecoder.TryDecode(frame);
        if (message is null)
            return FrameOutcome.Malformed;
        if (message.Type == MessageType.Heartbeat && message.From == NodeId.None && message.To == NodeId.None)
            message = null;
        received = received.Slice(reader.Position);
        return FrameOutcome.Taken;
    }
}
