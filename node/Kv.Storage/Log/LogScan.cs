namespace Kv.Storage.Log;

/// <summary>Where the log ends and how it may go on.</summary>
/// <param name="Place">The end of the last record.</param>
/// <param name="Checksum">Of all content up to there.</param>
/// <param name="SyncedTo">What lies after this offset of the last segment may not be on disk yet.</param>
/// <param name="TornBytes">How much of a torn write follows; 0 if none.</param>
internal readonly record struct LogEnd(LogPlace Place, uint Checksum, long SyncedTo, long TornBytes);

/// <summary>Reads segments from the first to the last record and sees that each continues the one before. Stops with a
/// <see cref="CorruptDataException"/> at the first thing that is wrong, unless it is the torn end of the last
/// segment.</summary>
internal sealed class LogScan(IReadOnlyList<IFile> segments, LogCollector collector, bool hasLaterSegments = false)
{
    private uint _checksum;

    public LogEnd Run()
    {
        LogEnd end = default;
        for (int i = 0; i < segments.Count; i++)
            end = ScanSegment(segments[i], isFirst: i == 0, isLast: i == segments.Count - 1 && !hasLaterSegments);
        return end;
    }

    private LogEnd ScanSegment(IFile file, bool isFirst, bool isLast)
    {
        var reader = new SegmentReader(file);
        var evidence = new SyncEvidence();
        bool hasMetadata = false;
        while (true)
        {
            SegmentItem item = reader.Read(out Frame frame);
            var place = new LogPlace(file.Path, reader.Offset);
            string? fault = item switch
            {
                SegmentItem.Record => FindFault(frame, place, isFirst),
                SegmentItem.CutShort => "the file ends before this record does",
                SegmentItem.Malformed => "this is no record",
                _ => null,
            };

            if (item == SegmentItem.Record && fault is null)
            {
                hasMetadata |= frame.Type == RecordType.Metadata;
                _checksum = frame.Checksum;
                evidence.OnRecord(frame.Type, reader.Offset, reader.End);
                collector.Add(frame, place);
                continue;
            }

            fault ??= "the log ends here, yet something follows";
            if (!hasMetadata)
                ThrowHeadless(place, item);
            Tail tail = TornTail.Judge(file, reader.Offset, evidence, collector.LastIndex);
            if (tail.Kind != TailKind.Clean && (tail.Kind != TailKind.Torn || !isLast))
                ThrowDamaged(place, fault, tail, isLast);
            return new LogEnd(place, _checksum, evidence.SyncedTo, tail.DataEnd - reader.Offset);
        }
    }

    private string? FindFault(in Frame frame, LogPlace place, bool isFirst)
    {
        bool isSeed = frame.Type == RecordType.Checksum;
        if (place.Offset == 0)
        {
            if (!isSeed)
                return "a segment must begin with a checksum";
            if (!isFirst && frame.Checksum != _checksum)
            {
                CorruptDataException.Throw(
                    place.ToString(),
                    "this segment does not continue the one before it: the end of that one is missing, or it was "
                    + $"replaced; {LogRemedy.Replace}");
            }

            return null;
        }

        uint computed = Crc32C.Append(_checksum, frame.Content);
        return computed == frame.Checksum ? null : $"checksum is {frame.Checksum:x8}, computed {computed:x8}";
    }

    private static void ThrowHeadless(LogPlace place, SegmentItem item)
    {
        bool isEmpty = item is SegmentItem.EndOfFile or SegmentItem.Zero;
        CorruptDataException.Throw(
            place.ToString(),
            (isEmpty ? "the log was emptied: " : "the head of the segment was damaged: ")
            + $"there is no record of whose it is, and one was on disk before the file got its name; "
            + LogRemedy.Replace);
    }

    private void ThrowDamaged(LogPlace place, string fault, Tail tail, bool isLast)
    {
        string after = tail.RecordsAfter == 0
            ? ""
            : $"; {tail.RecordsAfter} records follow"
                + (tail.LastIndexAfter > 0 ? $", the last entry among them {tail.LastIndexAfter}" : "");
        string why = (isLast, tail.Kind) switch
        {
            (false, _) => "later segments follow, so this was on disk and has been damaged since",
            (_, TailKind.LostMiddle) =>
                "some were written only after this was safely on disk: it has been damaged since",
            _ => "no sector of it is missing, as it would be had a crash torn it: it has been altered since",
        };
        CorruptDataException.Throw(
            place.ToString(),
            $"{fault}{after}; {why}; the last good entry is {collector.LastIndex}; "
            + LogRemedy.CutAt(place, collector.LastIndex));
    }
}
