namespace Kv.Store;

/// <summary>The encoded answers to puts and deletions.</summary>
internal static class WriteReplies
{
    private const int PreviousField = 2;
    private const int DeletedField = 2;
    private const int PreviousListField = 3;

    public static int SizeOfPut(in ReplyHeader header, long revision, int previousLength) =>
        header.SizeOf(revision) + ProtoWriter.SizeOfBytes(previousLength);

    public static void WritePut(
        ref ProtoWriter writer, in ReplyHeader header, long revision, scoped ReadOnlySpan<byte> previous)
    {
        header.Write(ref writer, revision);
        writer.Bytes(PreviousField, previous);
    }

    public static int SizeOfDelete(in ReplyHeader header, long revision, long deleted, SliceList previous)
    {
        int size = header.SizeOf(revision) + ProtoWriter.SizeOfNumber(deleted);
        for (int index = 0; index < previous.Count; index++)
            size = checked(size + ProtoWriter.SizeOfMessage(previous[index].Length));
        return size;
    }

    public static void WriteDelete(
        ref ProtoWriter writer,
        in ReplyHeader header,
        long revision,
        long deleted,
        SliceList previous,
        StoreView view)
    {
        header.Write(ref writer, revision);
        writer.Number(DeletedField, deleted);
        for (int index = 0; index < previous.Count; index++)
        {
            ReadOnlySpan<byte> keyValue = view.Read(previous[index]);
            writer.Begin(PreviousListField, keyValue.Length);
            keyValue.CopyTo(writer.Take(keyValue.Length));
        }
    }
}
