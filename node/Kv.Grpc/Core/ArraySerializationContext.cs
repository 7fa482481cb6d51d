using System.Buffers;

namespace Grpc.Core;

/// <summary>Collects a message into an array of its own.</summary>
internal sealed class ArraySerializationContext : SerializationContext
{
    private ArrayBufferWriter<byte>? _writer;
    private byte[]? _payload;
    private bool _isComplete;

    public override void Complete(byte[] payload)
    {
        _payload = payload;
        _isComplete = true;
    }

    public override IBufferWriter<byte> GetBufferWriter() => _writer ??= new ArrayBufferWriter<byte>();

    public override void SetPayloadLength(int payloadLength)
    {
        if (payloadLength > 0)
            _writer ??= new ArrayBufferWriter<byte>(payloadLength);
    }

    public override void Complete() => _isComplete = true;

    public byte[] ToPayload()
    {
        if (!_isComplete)
            throw new InvalidOperationException("The serializer did not complete its context.");
        return _payload ?? _writer?.WrittenSpan.ToArray() ?? [];
    }
}
