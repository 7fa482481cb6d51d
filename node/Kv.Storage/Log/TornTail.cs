using System.Buffers.Binary;

namespace Kv.Storage.Log;

/// <summary>What became of a log's last segment from the first place on that cannot be read.</summary>
internal enum TailKind
{
    /// <summary>Nothing is there: the log ends.</summary>
    Clean,

    /// <summary>What a crash can leave of the last write that was never synced, and so was promised to
    /// nobody.</summary>
    Torn,

    /// <summary>It had been synced: records that were written afterwards follow.</summary>
    LostMiddle,

    /// <summary>It holds what no torn write leaves.</summary>
    Altered,
}

/// <summary>The verdict, and what it is based on. <paramref name="DataEnd"/> is where the last byte other than zero
/// ends.</summary>
internal readonly record struct Tail(TailKind Kind, long DataEnd, int RecordsAfter, ulong LastIndexAfter);

/// <summary>Tells the torn end of a log, which is cut off, from a lost middle or an altered record, at which the node
/// stops.
/// <code>
/// ... synced ... | last write, not synced      | zeros
///                ^ any sector of it may be what it was before: zeros from here on
/// </code>
/// A crash keeps any set of the sectors of what was not synced, so valid records after a hole prove nothing by
/// themselves. The hole is damage, not a tear, if a record after it can only have been written after a sync that
/// covered it; <see cref="SyncEvidence"/> knows such records. Our own log has one at the start of each write after a
/// sync, and a last one at a clean close, so that only a hole in the very last write before a crash may pass for a
/// tear.
/// Without such evidence the hole must still look like a tear: sectors are written whole or not at all, and what they
/// held before is zeros. A record that is wrong while none of its sectors is missing was altered later. etcd asks only
/// for a zero sector, and drops whatever follows it.</summary>
internal static class TornTail
{
    private const int SectorBytes = 512;
    private const int ChunkBytes = 1 << 20;

    // A record may end in zeros: so many are looked at beyond the last byte that is none.
    private const int ZerosMax = 4096;

    // type, checksum and the content's tag and length
    private const int RecordHeadMax = 20;

    public static Tail Judge(IFile file, long from, SyncEvidence evidence, ulong lastIndex)
    {
        long dataEnd = FindDataEnd(file, from);
        if (dataEnd == from && file.Length - from is 0 or >= Frame.HeaderBytes)
            return new Tail(TailKind.Clean, dataEnd, 0, 0);

        byte[] rest = new byte[Math.Min(dataEnd + ZerosMax, file.Length) - from];
        file.Read(from, rest);
        Tail found = LookPast(rest, from, evidence, lastIndex) with { DataEnd = dataEnd };
        if (found.Kind == TailKind.LostMiddle)
            return found;
        bool isTorn = LooksTorn(rest, from, file.Length);
        return found with { Kind = isTorn ? TailKind.Torn : TailKind.Altered };
    }

    /// <summary>Where the last byte after <paramref name="from"/> that is not zero ends.</summary>
    public static long FindDataEnd(IFile file, long from)
    {
        byte[] chunk = new byte[ChunkBytes];
        long end = from;
        for (long at = from, length = file.Length; at < length; at += chunk.Length)
        {
            int count = file.Read(at, chunk);
            int last = chunk.AsSpan(0, count).LastIndexOfAnyExcept((byte)0);
            if (last >= 0)
                end = at + last + 1;
        }

        return end;
    }

    /// <summary>Looks for records after the hole. They need not follow each other: what is no record is another
    /// hole.</summary>
    private static Tail LookPast(ReadOnlySpan<byte> rest, long from, SyncEvidence evidence, ulong lastIndex)
    {
        int records = 0;
        ulong lastAfter = 0;
        bool isLostMiddle = false;
        int at = Frame.Alignment;
        while (at < rest.Length)
        {
            if (!TryParseAt(rest, at, out Frame frame, out int end))
            {
                int zeros = rest[at..].IndexOfAnyExcept((byte)0);
                if (zeros < 0)
                    break;
                at += Math.Max(zeros / Frame.Alignment * Frame.Alignment, Frame.Alignment);
                continue;
            }

            evidence.OnRecord(frame.Type, from + at, from + end);
            isLostMiddle |= evidence.SyncedTo > from;
            if (frame.Type == RecordType.Entry && RecordContent.TryReadEntry(frame.Content, out LogEntry entry, out _))
            {
                // The hole held entries, and something follows it that was written after those and before this one.
                isLostMiddle |= records > 0 && lastAfter == 0 && entry.Index > lastIndex + 1;
                lastAfter = entry.Index;
            }
            else if (frame.Type == RecordType.Snapshot && RecordContent.TryReadSnapshot(frame.Content,
                out LogSnapshot s))
            {
                lastIndex = Math.Max(lastIndex, s.Index); // from here on, entries may continue that
            }

            records++;
            at = end;
        }

        return new Tail(isLostMiddle ? TailKind.LostMiddle : TailKind.Torn, 0, records, lastAfter);
    }

    /// <summary>A frame that is right to its last byte, but for its checksum, which would need all before it. Nothing
    /// but a writer of logs makes such bytes: length, pad, type and the content's own length have to agree.</summary>
    private static bool TryParseAt(ReadOnlySpan<byte> rest, int at, out Frame frame, out int end)
    {
        frame = default;
        end = 0;
        if (rest.Length - at < Frame.HeaderBytes || !Frame.TryDecodeLength(rest[at..], out long length)
            || length > rest.Length - at - Frame.HeaderBytes)
        {
            return false;
        }

        end = at + (int)Frame.SpanOf(length);
        return IsHeadRight(rest[(at + Frame.HeaderBytes)..], length)
            && Frame.TryParse(rest.Slice(at + Frame.HeaderBytes, (int)length), out frame)
            && (frame.Type != RecordType.Entry || RecordContent.TryReadEntry(frame.Content, out _, out _));
    }

    private static bool LooksTorn(ReadOnlySpan<byte> rest, long from, long fileLength)
    {
        if (fileLength - from < Frame.HeaderBytes)
            return true;

        Span<byte> header = stackalloc byte[Frame.HeaderBytes];
        rest[..Math.Min(rest.Length, header.Length)].CopyTo(header);
        if (BinaryPrimitives.ReadUInt64LittleEndian(header) == 0)
            return IsZero(rest, from, from, NextSector(from));
        if (!Frame.TryDecodeLength(header, out long length))
            return false;

        // A length that was altered does not agree with what follows it, unless that was lost.
        long headStart = from + Frame.HeaderBytes;
        long nextSector = NextSector(headStart - 1);
        bool isHeadLost = nextSector < headStart + RecordHeadMax && IsZero(rest, from, nextSector,
            nextSector + SectorBytes);
        if (!isHeadLost && !IsHeadRight(rest[Math.Min(Frame.HeaderBytes, rest.Length)..], length))
            return false;

        long end = from + Frame.SpanOf(length);
        if (end > fileLength)
            return true;
        for (long sector = NextSector(from); sector < end; sector += SectorBytes)
        {
            if (IsZero(rest, from, sector, sector + SectorBytes))
                return true;
        }

        return false;
    }

    /// <summary>Whether a record begins as one of this length does.</summary>
    private static bool IsHeadRight(ReadOnlySpan<byte> record, long length)
    {
        const byte TypeTag = 0x08;
        const byte ChecksumTag = 0x10;
        const byte ContentTag = 0x1A;
        if (record.Length < 4 || record[0] != TypeTag || record[2] != ChecksumTag
            || record[1] is < (byte)RecordType.Metadata or > (byte)RecordType.Snapshot)
        {
            return false;
        }

        int at = 3;
        if (!TrySkipNumber(record, ref at, out _))
            return false;
        if (record[1] == (byte)RecordType.Checksum)
            return at == length;
        if (at >= record.Length || record[at] != ContentTag)
            return false;
        at++;
        return TrySkipNumber(record, ref at, out long contentLength) && at + contentLength == length;
    }

    private static bool TrySkipNumber(ReadOnlySpan<byte> record, ref int at, out long number)
    {
        number = 0;
        for (int shift = 0; at < record.Length && shift < 56; shift += 7)
        {
            byte part = record[at++];
            number |= (long)(part & 0x7F) << shift;
            if (part < 0x80)
                return true;
        }

        return false;
    }

    private static long NextSector(long offset) => ((offset / SectorBytes) + 1) * SectorBytes;

    /// <summary>Whether the file holds only zeros from <paramref name="start"/> to <paramref name="end"/>;
    /// <paramref name="rest"/> is what it holds from <paramref name="restStart"/> on, and after that are zeros or
    /// nothing.</summary>
    private static bool IsZero(ReadOnlySpan<byte> rest, long restStart, long start, long end)
    {
        int first = (int)Math.Min(start - restStart, rest.Length);
        int last = (int)Math.Min(end - restStart, rest.Length);
        return !rest[first..last].ContainsAnyExcept((byte)0);
    }
}
