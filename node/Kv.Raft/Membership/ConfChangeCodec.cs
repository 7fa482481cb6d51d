using System.Diagnostics.CodeAnalysis;

namespace Kv.Raft;

/// <summary>The data of an entry that changes the membership: raftpb.ConfChange or raftpb.ConfChangeV2 in protobuf's
/// encoding. Written here by hand because a leader has to understand such an entry to refuse it, and this project
/// knows no protobuf.
/// <code>
/// ConfChange    1 id varint | 2 type varint | 3 node_id varint | 4 context bytes
/// ConfChangeV2  1 transition varint | 2 changes { 1 type varint | 2 node_id varint }* | 3 context bytes
/// </code></summary>
public static class ConfChangeCodec
{
    public static byte[] Encode(ConfChange change)
    {
        var writer = new WireWriter();
        writer.Number(1, change.Id);
        writer.Number(2, (ulong)change.Type);
        writer.Number(3, change.Node.Value);
        if (change.Context.Length > 0)
            writer.Bytes(4, change.Context.Span);
        return writer.ToArray();
    }

    public static byte[] Encode(ConfChangeV2 change)
    {
        var writer = new WireWriter();
        if (change.Transition != ConfChangeTransition.Auto)
            writer.Number(1, (ulong)change.Transition);
        foreach (ConfChangeSingle single in change.Changes)
        {
            var inner = new WireWriter();
            inner.Number(1, (ulong)single.Type);
            inner.Number(2, single.Node.Value);
            writer.Bytes(2, inner.ToArray());
        }

        if (change.Context.Length > 0)
            writer.Bytes(3, change.Context.Span);
        return writer.ToArray();
    }

    /// <summary>Reads the change that <paramref name="entry"/> carries, in the form that covers both kinds; false if
    /// its bytes are none.</summary>
    public static bool TryDecode(in Entry entry, [NotNullWhen(true)] out ConfChangeV2? change)
    {
        change = null;
        if (entry.Type == EntryType.ConfChangeV2)
            return TryDecodeV2(entry.Data, out change);
        if (entry.Type != EntryType.ConfChange || !TryDecode(entry.Data, out ConfChange? single))
            return false;

        change = single.ToV2();
        return true;
    }

    public static bool TryDecode(ReadOnlyMemory<byte> data, [NotNullWhen(true)] out ConfChange? change)
    {
        change = null;
        ulong id = 0;
        ulong type = 0;
        ulong node = 0;
        ReadOnlyMemory<byte> context = default;
        var reader = new WireReader(data);
        while (reader.TryReadField(out int field))
        {
            switch (field)
            {
                case 1:
                    id = reader.Number;
                    break;
                case 2:
                    type = reader.Number;
                    break;
                case 3:
                    node = reader.Number;
                    break;
                case 4:
                    context = reader.Bytes;
                    break;
                default:
                    break; // a field of a later version
            }
        }

        if (reader.IsMalformed || type > (ulong)ConfChangeType.AddLearnerNode)
            return false;

        change = new ConfChange(id, (ConfChangeType)type, new NodeId(node), context);
        return true;
    }

    private static bool TryDecodeV2(ReadOnlyMemory<byte> data, [NotNullWhen(true)] out ConfChangeV2? change)
    {
        change = null;
        ulong transition = 0;
        var changes = new List<ConfChangeSingle>();
        ReadOnlyMemory<byte> context = default;
        var reader = new WireReader(data);
        while (reader.TryReadField(out int field))
        {
            if (field == 1)
                transition = reader.Number;
            else if (field == 2 && TryDecodeSingle(reader.Bytes, out ConfChangeSingle single))
                changes.Add(single);
            else if (field == 2)
                return false;
            else if (field == 3)
                context = reader.Bytes;
        }

        if (reader.IsMalformed || transition > (ulong)ConfChangeTransition.JointExplicit)
            return false;

        change = new ConfChangeV2((ConfChangeTransition)transition, changes, context);
        return true;
    }

    private static bool TryDecodeSingle(ReadOnlyMemory<byte> data, out ConfChangeSingle change)
    {
        ulong type = 0;
        ulong node = 0;
        var reader = new WireReader(data);
        while (reader.TryReadField(out int field))
        {
            if (field == 1)
                type = reader.Number;
            else if (field == 2)
                node = reader.Number;
        }

        change = new ConfChangeSingle((ConfChangeType)type, new NodeId(node));
        return !reader.IsMalformed && type <= (ulong)ConfChangeType.AddLearnerNode;
    }
}
