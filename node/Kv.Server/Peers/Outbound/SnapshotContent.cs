using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using Kv.Server.Peers.Wire;

namespace Kv.Server.Peers.Outbound;

/// <summary>The body of a snapshot's request. However large the store is, one buffer of it is in memory.
/// <code>
/// 0           8
/// | length BE | raftpb.Message of type snapshot | page file, to the end of the body |
/// </code></summary>
internal sealed class SnapshotContent : HttpContent
{
    private const int PieceBytes = 256 * 1024;

    private readonly IOutgoingSnapshot _snapshot;
    private readonly RaftMessageEncoder _encoder;
    private readonly Action<bool> _progressed;

    /// <param name="progressed">Told after each piece that the connection took, and whether that was the last.</param>
    public SnapshotContent(IOutgoingSnapshot snapshot, MessageStyle style, Action<bool> progressed)
    {
        _snapshot = snapshot;
        _encoder = new RaftMessageEncoder(style);
        _progressed = progressed;
        Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.WriteAsync(EncodeHead(), cancellationToken);
        _progressed(_snapshot.Bytes == 0);
        byte[] piece = ArrayPool<byte>.Shared.Rent(PieceBytes);
        try
        {
            long offset = 0;
            while (offset < _snapshot.Bytes)
            {
                int wanted = (int)Math.Min(piece.Length, _snapshot.Bytes - offset);
                int length = _snapshot.Read(offset, piece.AsSpan(0, wanted));
                Invariant.Require(length > 0);
                await stream.WriteAsync(piece.AsMemory(0, length), cancellationToken);
                offset += length;
                _progressed(offset == _snapshot.Bytes);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(piece);
        }
    }

    private ReadOnlyMemory<byte> EncodeHead()
    {
        var head = new ArrayBufferWriter<byte>();
        var output = new WireOutput(head);
        output.BigEndian((ulong)_encoder.SizeOf(_snapshot.Message));
        _encoder.Write(ref output, _snapshot.Message);
        output.Flush();
        return head.WrittenMemory;
    }
}
