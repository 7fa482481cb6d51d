using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Kv.Grpc.Wire;

/// <summary>How messages lie in the body of a request or a response, one after another, regardless of where HTTP/2 cuts
/// its DATA frames.
/// <code>
///    0          1                 5
///   +----------+-----------------+------------------------+
///   | 0: plain | length of what  | message, or its gzip   |
///   | 1: gzip  | follows, BE u32 |                        |
///   +----------+-----------------+------------------------+
/// </code>
/// The refusals have the texts of gRPC for Go, since clients of etcd look for them.</summary>
internal readonly struct MessageFrame
{
    public const int PrefixBytes = 5;

    private MessageFrame(ReadOnlySequence<byte> payload, bool isCompressed)
    {
        Payload = payload;
        IsCompressed = isCompressed;
    }

    public ReadOnlySequence<byte> Payload { get; }

    public bool IsCompressed { get; }

    public static void WritePrefix(Span<byte> prefix, bool isCompressed, uint length)
    {
        prefix[0] = isCompressed ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt32BigEndian(prefix[1..], length);
    }

    /// <summary>Finds the first message in what has come so far. False: there is not enough of it yet.</summary>
    /// <exception cref="RpcException">The prefix is not one, or announces more than may be received.</exception>
    public static bool TryRead(in ReadOnlySequence<byte> buffer, MessageLimits limits, out MessageFrame frame)
    {
        frame = default;
        if (buffer.Length < PrefixBytes)
            return false;

        (byte flag, uint length) = ReadPrefix(buffer);
        if (flag != 0 || length > limits.ReceiveMaxBytes)
            Check(flag, length, limits);
        if (buffer.Length - PrefixBytes < length)
            return false;

        frame = new MessageFrame(buffer.Slice(PrefixBytes, length), isCompressed: flag == 1);
        return true;
    }

    /// <summary>The length that the first message will have, once enough of it has come to tell.</summary>
    /// <exception cref="RpcException">The prefix is not one, or announces more than may be received.</exception>
    public static bool TryReadLength(in ReadOnlySequence<byte> buffer, MessageLimits limits, out uint length)
    {
        length = 0;
        if (buffer.Length < PrefixBytes)
            return false;
        (byte flag, length) = ReadPrefix(buffer);
        Check(flag, length, limits);
        return true;
    }

    private static (byte Flag, uint Length) ReadPrefix(in ReadOnlySequence<byte> buffer)
    {
        ReadOnlySpan<byte> first = buffer.FirstSpan;
        if (first.Length >= PrefixBytes)
            return (first[0], BinaryPrimitives.ReadUInt32BigEndian(first[1..]));

        Span<byte> prefix = stackalloc byte[PrefixBytes];
        buffer.Slice(0, PrefixBytes).CopyTo(prefix);
        return (prefix[0], BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]));
    }

    private static void Check(byte flag, uint length, MessageLimits limits)
    {
        if (flag > 1)
            throw Refusal(StatusCode.Internal, $"grpc: received unexpected payload format {flag}");
        if (flag == 1 && !limits.MayBeCompressed)
        {
            throw Refusal(
                StatusCode.Internal,
                "grpc: compressed flag set with identity or empty encoding");
        }

        if (length > limits.ReceiveMaxBytes)
        {
            throw Refusal(
                StatusCode.ResourceExhausted,
                $"grpc: received message larger than max ({length} vs. {limits.ReceiveMaxBytes})");
        }
    }

    private static RpcException Refusal(StatusCode code, string text) => new(new Status(code, text));
}
