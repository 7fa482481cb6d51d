using System.Buffers;
using Kv.Raft;

namespace Kv.Server.Peers.Wire;

/// <summary>Writes one stream to a peer, from its first byte on. Belongs to one connection, since what was written
/// before can shorten what follows.</summary>
internal interface IStreamEncoder
{
    /// <summary>Returns how many bytes it took.</summary>
    long Write(IBufferWriter<byte> output, Message message);

    /// <summary>Something that says nothing, so that a silent link can be told from a dead one.</summary>
    long WriteHeartbeat(IBufferWriter<byte> output);
}

/// <summary>Reads one stream of a peer, from its first byte on.</summary>
internal interface IStreamDecoder
{
    /// <summary>Takes one frame off the front of what has come, if all of it has.</summary>
    /// <param name="message">Null for a heartbeat of the link.</param>
    FrameOutcome TryRead(ref ReadOnlySequence<byte> received, out Message? message);
}

internal enum FrameOutcome
{
    /// <summary>One frame was taken.</summary>
    Taken,

    /// <summary>The frame is not whole yet; nothing was taken.</summary>
    Incomplete,

    /// <summary>The peer does not speak this protocol; nothing after this can be trusted.</summary>
    Malformed,
}
