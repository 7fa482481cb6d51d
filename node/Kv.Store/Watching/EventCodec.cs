namespace Kv.Store.Watching;

/// <summary>Encodes an event once for all watchers, as the field of WatchResponse that it will be:
/// <code>
/// | 5a | length | 08 01 (deletion) | 12 | length | KeyValue | 1a | length | previous KeyValue |
/// </code></summary>
internal static class EventCodec
{
    private const byte EventsTag = 0x5a;
    private const byte TypeTag = 0x08;
    private const byte DeleteType = 1;
    private const byte KeyValueTag = 0x12;
    private const byte PreviousTag = 0x1a;

    private const byte CreateRevisionTag = 0x10;
    private const byte KeyTag = 0x0a;

    /// <summary>Encodes with the KeyValue that the key had just before, unless the change created it or that is
    /// compacted.</summary>
    public static byte[] EncodeWithPrevious(in Change change, IHistory history)
    {
        bool isCreation = !change.IsDelete && CreateRevision(change.KeyValue.Span) == change.Revision.Main;
        return !isCreation
            && history.TryGetAt(change.Key.Span, change.Revision.Main - 1, out ReadOnlyMemory<byte> previous)
                ? Encode(change, previous.Span)
                : Encode(change, []);
    }

    public static byte[] Encode(in Change change, ReadOnlySpan<byte> previous)
    {
        ReadOnlySpan<byte> keyValue = change.KeyValue.Span;
        int length = (change.IsDelete ? 2 : 0) + SizeOfField(keyValue.Length);
        if (!previous.IsEmpty)
            length += SizeOfField(previous.Length);

        byte[] encoded = GC.AllocateUninitializedArray<byte>(SizeOfField(length));
        Span<byte> rest = encoded;
        rest[0] = EventsTag;
        rest = rest[(1 + Varint.Write(rest[1..], (ulong)length))..];
        if (change.IsDelete)
        {
            rest[0] = TypeTag;
            rest[1] = DeleteType;
            rest = rest[2..];
        }

        rest = WriteField(rest, KeyValueTag, keyValue);
        if (!previous.IsEmpty)
            rest = WriteField(rest, PreviousTag, previous);
        Invariant.Require(rest.IsEmpty);
        return encoded;
    }

    // Fields stand in ascending order: the key, then this one.
    private static long CreateRevision(ReadOnlySpan<byte> keyValue)
    {
        if (keyValue is [KeyTag, ..])
        {
            int lengthBytes = Varint.Read(keyValue[1..], out ulong keyLength);
            keyValue = keyValue[(1 + lengthBytes + (int)keyLength)..];
        }

        if (keyValue is not [CreateRevisionTag, ..])
            return 0;
        Varint.Read(keyValue[1..], out ulong revision);
        return (long)revision;
    }

    private static int SizeOfField(int length) => 1 + Varint.Size((ulong)length) + length;

    private static Span<byte> WriteField(Span<byte> destination, byte tag, ReadOnlySpan<byte> content)
    {
        destination[0] = tag;
        int head = 1 + Varint.Write(destination[1..], (ulong)content.Length);
        content.CopyTo(destination[head..]);
        return destination[(head + content.Length)..];
    }
}
