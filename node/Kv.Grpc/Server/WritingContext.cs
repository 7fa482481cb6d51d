using System.Buffers;
using Grpc.Core;

namespace Kv.Grpc;

/// <summary>Lets a marshaller write into a <see cref="MessageWriter"/>. The length it announces is not needed: the
/// prefix is filled in afterwards.</summary>
internal sealed class WritingContext(MessageWriter writer) : SerializationContext
{
    public override void Complete(byte[] payload) => writer.Write(payload);

    public override IBufferWriter<byte> GetBufferWriter() => writer;

    public override void SetPayloadLength(int payloadLength)
    {
    }

    public override void Complete()
    {
    }
}
