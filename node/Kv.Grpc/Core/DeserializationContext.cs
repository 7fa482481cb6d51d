using System.Buffers;

namespace Grpc.Core;

/// <summary>Where a marshaller finds a message. The sequence is the receive buffer itself, valid only during the call
/// of the deserializer.</summary>
public abstract class DeserializationContext
{
    public abstract int PayloadLength { get; }

    public virtual byte[] PayloadAsNewBuffer() => throw new NotImplementedException();

    public virtual ReadOnlySequence<byte> PayloadAsReadOnlySequence() => throw new NotImplementedException();
}
