using System.Buffers;
using System.IO.Compression;
using Grpc.Core;

namespace Kv.Grpc.Wire;

/// <summary>The one compression that etcd's clients use. Off the fast path, so it may allocate.</summary>
internal static class Gzip
{
    public const string Name = "gzip";

    public static ReadOnlyMemory<byte> Compress(ReadOnlySpan<byte> plain)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(plain);

        return compressed.GetBuffer().AsMemory(0, (int)compressed.Length);
    }

    /// <summary>Stops at the limit: a few kilobytes of gzip can stand for gigabytes.</summary>
    /// <exception cref="RpcException">It is not gzip, or too much comes out of it.</exception>
    public static ReadOnlyMemory<byte> Decompress(in ReadOnlySequence<byte> compressed, int plainMaxBytes)
    {
        try
        {
            using var source = new MemoryStream(compressed.ToArray());
            using var gzip = new GZipStream(source, CompressionMode.Decompress);
            var plain = new ArrayBufferWriter<byte>();
            while (true)
            {
                int read = gzip.Read(plain.GetSpan(4096));
                if (read == 0)
                    return plain.WrittenMemory;
                plain.Advance(read);
                if (plain.WrittenCount > plainMaxBytes)
                    throw TooLarge(plain.WrittenCount, plainMaxBytes);
            }
        }
        catch (InvalidDataException fault)
        {
            throw new RpcException(new Status(
                StatusCode.Internal,
                $"grpc: failed to decompress the received message: {fault.Message}"));
        }
    }

    private static RpcException TooLarge(int bytes, int max) => new(new Status(
        StatusCode.ResourceExhausted,
        $"grpc: received message after decompression larger than max ({bytes} vs. {max})"));
}
