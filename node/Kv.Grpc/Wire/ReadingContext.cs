using System.Buffers;
using Grpc.Core;

namespace Kv.Grpc.Wire;

/// <summary>Shows a marshaller the bytes of a message where they lie. One is reused for all messages of a
/// call.</summary>
internal sealed class ReadingContext : DeserializationContext
{
    private ReadOnlySequence<byte> _payload;

    public override int PayloadLength => (int)_payload.Length;

    public override byte[] PayloadAsNewBuffer() => _payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => _payload;

    public T Deserialize<T>(Marshaller<T> marshaller, in ReadOnlySequence<byte> payload)
    {
        _payload = payload;
        try
        {
            return marshaller.ContextualDeserializer(this);
        }
        finally
        {
            _payload = default;
        }
    }
}
