using System.Buffers;
using Grpc.Core;
using Kv.Grpc.Wire;

namespace Kv.Grpc.Client;

/// <summary>A message ready to be sent, prefix and all. The serializer says first how long the message is, so it
/// usually fits the buffer that is made for it.</summary>
internal sealed class ClientFrame : SerializationContext
{
    private const int UnknownLength = 256;

    private ArrayBufferWriter<byte>? _buffer;

    public static ReadOnlyMemory<byte> Of<T>(Marshaller<T> marshaller, T message, bool compresses, int? maxBytes)
    {
        var frame = new ClientFrame();
        marshaller.ContextualSerializer(message, frame);
        return frame.Finish(compresses, maxBytes);
    }

    public override void SetPayloadLength(int payloadLength) => Begin(payloadLength);

    public override IBufferWriter<byte> GetBufferWriter() => _buffer ?? Begin(UnknownLength);

    public override void Complete(byte[] payload) => Begin(payload.Length).Write(payload);

    public override void Complete()
    {
    }

    private ArrayBufferWriter<byte> Begin(int payloadLength)
    {
        _buffer = new ArrayBufferWriter<byte>(MessageFrame.PrefixBytes + payloadLength);
        _buffer.GetSpan(MessageFrame.PrefixBytes)[..MessageFrame.PrefixBytes].Clear();
        _buffer.Advance(MessageFrame.PrefixBytes);
        return _buffer;
    }

    private ReadOnlyMemory<byte> Finish(bool compresses, int? maxBytes)
    {
        ArrayBufferWriter<byte> buffer = _buffer ?? Begin(payloadLength: 0);
        int length = buffer.WrittenCount - MessageFrame.PrefixBytes;
        if (length > maxBytes)
        {
            throw new RpcException(new Status(
                StatusCode.ResourceExhausted,
                $"trying to send message larger than max ({length} vs. {maxBytes})"));
        }

        if (compresses)
        {
            ReadOnlyMemory<byte> compressed = Gzip.Compress(buffer.WrittenSpan[MessageFrame.PrefixBytes..]);
            byte[] frame = new byte[MessageFrame.PrefixBytes + compressed.Length];
            MessageFrame.WritePrefix(frame, isCompressed: true, (uint)compressed.Length);
            compressed.CopyTo(frame.AsMemory(MessageFrame.PrefixBytes));
            return frame;
        }

        // The buffer is ours alone, so the prefix may be filled in where it lies.
        Memory<byte> written = System.Runtime.InteropServices.MemoryMarshal.AsMemory(buffer.WrittenMemory);
        MessageFrame.WritePrefix(written.Span, isCompressed: false, (uint)length);
        return written;
    }
}
