using System.Buffers;
using System.Runtime.InteropServices;

namespace Kv.Grpc;

/// <summary>Finds the <c>:authority</c> of an encoded header block (HPACK, RFC 7541) and, if it begins with
/// <c>http://</c>, makes that <c>httpB--</c>: a valid name of a host, of the same length in letters, which the dynamic
/// table counts, and in bits, which the string's own length counts. So neither the block nor the tables of the two
/// sides change in anything else.
/// <code>
///   Huffman codes   ':' 1011100  '/' 011000  '/' 011000
///                   'B' 1011101  '-' 010110  '-' 010110
/// </code></summary>
internal static class HeaderBlock
{
    private const int AuthorityIndex = 1;
    private const int PrefixBits = 41;
    private const int PrefixShift = 48 - PrefixBits;

    // "http://" and "httpB--" in Huffman's code, 41 bits.
    private const ulong CodedUrl = 0b100111_01001_01001_101011_1011100_011000_011000;
    private const ulong CodedName = 0b100111_01001_01001_101011_1011101_010110_010110;

    private static readonly byte[] PlainUrl = "http://"u8.ToArray();
    private static readonly byte[] PlainName = "httpB--"u8.ToArray();

    /// <summary>Whether there was something to mend. A block that is malformed, or goes on in another frame after
    /// what is here, is left to Kestrel.</summary>
    public static bool TryMend(ReadOnlySequence<byte> block)
    {
        var reader = new SequenceReader<byte>(block);
        while (reader.TryRead(out byte first))
        {
            if ((first & 0x80) != 0)
            {
                if (!TryReadNumber(ref reader, first, bits: 7, out _))
                    return false;
                continue;
            }

            bool isIndexing = (first & 0x40) != 0;
            bool isSizeUpdate = !isIndexing && (first & 0x20) != 0;
            if (!TryReadNumber(ref reader, first, isIndexing ? 6 : isSizeUpdate ? 5 : 4, out long index))
                return false;
            if (isSizeUpdate)
                continue;
            if (index == 0 && !TryReadText(ref reader, out _, out _))
                return false;
            if (!TryReadText(ref reader, out bool isCoded, out ReadOnlySequence<byte> value))
                return false;
            if (index == AuthorityIndex)
                return TryMend(value, isCoded);
        }

        return false;
    }

    private static bool TryMend(ReadOnlySequence<byte> value, bool isCoded)
    {
        int length = isCoded ? (PrefixBits + 7) / 8 : PlainUrl.Length;
        if (value.Length < length)
            return false;
        Span<byte> head = stackalloc byte[length];
        value.Slice(0, length).CopyTo(head);
        if (!isCoded)
        {
            if (!head.SequenceEqual(PlainUrl))
                return false;
            Overwrite(value, PlainName);
            return true;
        }

        ulong bits = 0;
        foreach (byte part in head)
            bits = (bits << 8) | part;
        if (bits >> PrefixShift != CodedUrl)
            return false;
        bits = (CodedName << PrefixShift) | (bits & ((1UL << PrefixShift) - 1));
        for (int at = length - 1; at >= 0; at--)
        {
            head[at] = (byte)(bits & 0xFF);
            bits >>= 8;
        }

        Overwrite(value, head);
        return true;
    }

    // The receive buffer is the connection's own, and nobody has read these bytes yet.
    private static void Overwrite(ReadOnlySequence<byte> target, ReadOnlySpan<byte> bytes)
    {
        foreach (ReadOnlyMemory<byte> segment in target)
        {
            int count = Math.Min(segment.Length, bytes.Length);
            bytes[..count].CopyTo(MemoryMarshal.AsMemory(segment).Span);
            bytes = bytes[count..];
            if (bytes.IsEmpty)
                return;
        }
    }

    private static bool TryReadText(ref SequenceReader<byte> reader, out bool isCoded, out ReadOnlySequence<byte> text)
    {
        text = default;
        isCoded = false;
        if (!reader.TryRead(out byte first))
            return false;
        isCoded = (first & 0x80) != 0;
        return TryReadNumber(ref reader, first, bits: 7, out long length) && reader.TryReadExact((int)length, out text);
    }

    private static bool TryReadNumber(ref SequenceReader<byte> reader, byte first, int bits, out long number)
    {
        const int ShiftMax = 21; // longer ones do not fit a frame

        int full = (1 << bits) - 1;
        number = first & full;
        if (number < full)
            return true;
        for (int shift = 0; shift <= ShiftMax; shift += 7)
        {
            if (!reader.TryRead(out byte part))
                return false;
            number += (long)(part & 0x7F) << shift;
            if ((part & 0x80) == 0)
                return true;
        }

        return false;
    }
}
