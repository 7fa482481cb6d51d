using Kv.Raft;

namespace Kv.Server.Peers.Wire;

/// <summary>raftpb.Snapshot, which only the message at the head of a snapshot has; see
/// <see cref="RaftFields"/>.</summary>
internal static class SnapshotCodec
{
    /// <summary>The snapshot of zeros that etcd 3.5 puts into every message: metadata, and in it a membership of
    /// nobody.</summary>
    public static ReadOnlySpan<byte> Empty => [0x12, 8, 0x0A, 2, 0x28, 0, 0x10, 0, 0x18, 0];

    public static long SizeOf(Snapshot snapshot)
    {
        long size = WireOutput.SizeOfBytes(SizeOfMetadata(snapshot));
        return snapshot.Data.IsEmpty ? size : size + WireOutput.SizeOfBytes(snapshot.Data.Length);
    }

    public static void Write(ref WireOutput output, Snapshot snapshot)
    {
        if (!snapshot.Data.IsEmpty)
        {
            output.Length(RaftFields.SnapshotContent, snapshot.Data.Length);
            output.Bytes(snapshot.Data.Span);
        }

        output.Length(RaftFields.SnapshotMetadata, SizeOfMetadata(snapshot));
        output.Length(RaftFields.MetadataConf, SizeOf(snapshot.Conf));
        Write(ref output, RaftFields.Voters, snapshot.Conf.Voters);
        Write(ref output, RaftFields.Learners, snapshot.Conf.Learners);
        Write(ref output, RaftFields.VotersOutgoing, snapshot.Conf.VotersOutgoing);
        Write(ref output, RaftFields.LearnersNext, snapshot.Conf.LearnersNext);
        output.Number(RaftFields.AutoLeave, snapshot.Conf.AutoLeave ? 1UL : 0UL);
        output.Number(RaftFields.MetadataIndex, snapshot.Id.Index);
        output.Number(RaftFields.MetadataTerm, snapshot.Id.Term);
    }

    /// <summary>False if the bytes are none. Null for one that says nothing, as etcd 3.5 puts into every
    /// message.</summary>
    /// <param name="owned">The same bytes as <paramref name="message"/>, to be kept; see
    /// <see cref="RaftMessageDecoder"/>.</param>
    public static bool TryDecode(ReadOnlySpan<byte> message, ReadOnlyMemory<byte> owned, out Snapshot? snapshot)
    {
        snapshot = null;
        ReadOnlyMemory<byte> content = default;
        ulong index = 0;
        ulong term = 0;
        ConfState conf = ConfState.Empty;
        var reader = new FieldReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case RaftFields.SnapshotContent:
                    int length = reader.Bytes().Length;
                    content = owned.Slice(reader.Position - length, length);
                    break;
                case RaftFields.SnapshotMetadata:
                    if (!TryDecodeMetadata(reader.Bytes(), ref conf, ref index, ref term))
                        return false;
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (index != 0 || term != 0 || !content.IsEmpty)
            snapshot = new Snapshot(new EntryId(term, index), conf, content);
        return !reader.IsMalformed;
    }

    private static bool TryDecodeMetadata(
        ReadOnlySpan<byte> message, ref ConfState conf, ref ulong index, ref ulong term)
    {
        var reader = new FieldReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case RaftFields.MetadataConf:
                    if (!TryDecodeConf(reader.Bytes(), ref conf))
                        return false;
                    break;
                case RaftFields.MetadataIndex:
                    index = reader.Number();
                    break;
                case RaftFields.MetadataTerm:
                    term = reader.Number();
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        return !reader.IsMalformed;
    }

    private static bool TryDecodeConf(ReadOnlySpan<byte> message, ref ConfState conf)
    {
        var lists = new List<ulong>[RaftFields.LearnersNext];
        bool autoLeave = false;
        var reader = new FieldReader(message);
        while (reader.Next())
        {
            if (reader.Field is >= RaftFields.Voters and <= RaftFields.LearnersNext)
                reader.NumbersTo(lists[reader.Field - RaftFields.Voters] ??= []);
            else if (reader.Field == RaftFields.AutoLeave)
                autoLeave = reader.IsTrue();
            else
                reader.Skip();
        }

        NodeId[][] members = [.. lists.Select(ids => ids is null ? [] : ids.Select(id => new NodeId(id)).ToArray())];
        if (autoLeave || members.Any(list => list.Length > 0))
            conf = new ConfState(members[0], members[1], members[2], members[3], autoLeave);
        return !reader.IsMalformed;
    }

    private static long SizeOfMetadata(Snapshot snapshot) =>
        WireOutput.SizeOfBytes(SizeOf(snapshot.Conf))
        + 1 + WireOutput.SizeOf(snapshot.Id.Index)
        + 1 + WireOutput.SizeOf(snapshot.Id.Term);

    private static long SizeOf(ConfState conf) =>
        SizeOf(conf.Voters) + SizeOf(conf.Learners) + SizeOf(conf.VotersOutgoing) + SizeOf(conf.LearnersNext) + 2;

    private static long SizeOf(IReadOnlyList<NodeId> ids) => ids.Sum(id => 1L + WireOutput.SizeOf(id.Value));

    private static void Write(ref WireOutput output, int field, IReadOnlyList<NodeId> ids)
    {
        foreach (NodeId id in ids)
            output.Number(field, id.Value);
    }
}
