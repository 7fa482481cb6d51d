using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;

namespace Kv.Grpc;

/// <summary>Looks at how a connection begins without taking a byte from it.</summary>
internal static class FirstBytes
{
    private const byte HandshakeRecord = 22;

    private static readonly byte[] Preface = "PRI"u8.ToArray();

    /// <summary>Whether it is HTTP/2: no request of HTTP/1 begins with <c>PRI</c>.</summary>
    public static async ValueTask<bool> AreHttp2Async(PipeReader input, CancellationToken cancelled)
    {
        while (true)
        {
            ReadResult read = await input.ReadAsync(cancelled);
            bool? isHttp2 = Compare(read.Buffer);
            bool isOver = read.IsCompleted && isHttp2 is null;

            // Looked at, and neither taken nor called seen, unless more is needed to tell.
            input.AdvanceTo(read.Buffer.Start, isHttp2 is null ? read.Buffer.End : read.Buffer.Start);
            if (isHttp2 is { } known)
                return known;
            if (isOver)
                throw new ConnectionAbortedException("The connection ended before it showed its protocol.");
        }
    }

    /// <summary>Whether it is TLS, and if not, whether it might be HTTP in clear.</summary>
    public static async ValueTask<(bool AreTls, bool AreText)> AreTlsAsync(
        PipeReader input, CancellationToken cancelled)
    {
        ReadResult read = await input.ReadAsync(cancelled);
        if (read.Buffer.IsEmpty)
            throw new ConnectionAbortedException("The connection ended before it said anything.");
        byte first = read.Buffer.FirstSpan[0];
        input.AdvanceTo(read.Buffer.Start);
        return (first == HandshakeRecord, char.IsAsciiLetter((char)first));
    }

    private static bool? Compare(in ReadOnlySequence<byte> buffer)
    {
        Span<byte> first = stackalloc byte[Preface.Length];
        int length = (int)Math.Min(buffer.Length, first.Length);
        buffer.Slice(0, length).CopyTo(first);
        if (!Preface.AsSpan().StartsWith(first[..length]))
            return false;
        return length == Preface.Length ? true : null;
    }
}
