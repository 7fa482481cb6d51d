using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;

namespace Kv.Raft;

/// <summary>A reader's own number as it travels: eight bytes, big-endian as etcd's members write theirs, as the data of
/// the message's one entry.</summary>
internal static class ReadContext
{
    public static ReadOnlyMemory<Entry> ToEntries(ulong context)
    {
        byte[] bytes = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, context);
        return ToEntries(bytes);
    }

    public static ReadOnlyMemory<Entry> ToEntries(ReadOnlyMemory<byte> context) =>
        new Entry[] { new(EntryId.Zero, EntryType.Normal, context) };

    public static bool TryGet(Message message, out ReadOnlyMemory<byte> context)
    {
        bool isOne = message.Entries.Length == 1;
        context = isOne ? message.Entries.Span[0].Data : default;
        return isOne;
    }

    public static bool TryGetNumber(Message message, [NotNullWhen(true)] out ulong? number)
    {
        number = TryGet(message, out ReadOnlyMemory<byte> context) && context.Length == sizeof(ulong)
            ? BinaryPrimitives.ReadUInt64BigEndian(context.Span)
            : null;
        return number is not null;
    }
}
