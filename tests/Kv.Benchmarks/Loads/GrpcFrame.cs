using System.Buffers.Binary;

namespace Kv.Benchmarks.Loads;

/// <summary>A message as it stands in the body of a gRPC call.
/// <code>
/// | 0 | length (4, big-endian) | message ... |
/// </code></summary>
public static class GrpcFrame
{
    private const int HeaderBytes = 5;

    public static byte[] Of(ReadOnlySpan<byte> message)
    {
        byte[] frame = new byte[HeaderBytes + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame.AsSpan(HeaderBytes));
        return frame;
    }
}
