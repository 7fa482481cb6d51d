using Kv.Storage.Log;
using Kv.Storage.Wire;

namespace Kv.Storage.Snap;

/// <summary>What a <c>.snap</c> file holds: the members as of an index of the log, and the document of etcd's old store
/// that lists them (JSON; nothing else is in it). The keys are in the page file.
/// <code>
/// snappb.snapshot   1 crc    CRC-32C of what follows
///                   2 data   raftpb.Snapshot   1 data      the document
///                                              2 metadata  1 conf_state  2 index  3 term
/// </code>
/// etcd up to 3.6 starts from it, so it has to be there for a step back to those.</summary>
public sealed record SnapFile(ulong Index, ulong Term, LogConfState Members, ReadOnlyMemory<byte> Document)
{
    private const int CrcField = 1;
    private const int DataField = 2;

    public byte[] Encode()
    {
        byte[] members = ConfStateCodec.Encode(Members);
        var metadata = new WireWriter(new byte[members.Length + (3 * WireWriter.FieldBytesMax)]);
        metadata.Bytes(1, members);
        metadata.Number(2, Index);
        metadata.Number(3, Term);

        int size = Document.Length + metadata.Count + (2 * WireWriter.FieldBytesMax);
        var snapshot = new WireWriter(new byte[size]);
        snapshot.Bytes(1, Document.Span);
        snapshot.Bytes(2, metadata.Written);

        var file = new WireWriter(new byte[size + (2 * WireWriter.FieldBytesMax)]);
        file.Number(CrcField, Crc32C.Compute(snapshot.Written));
        file.Bytes(DataField, snapshot.Written);
        return file.Written.ToArray();
    }

    /// <summary>Reads a whole file; null with <paramref name="fault"/> if it is none.</summary>
    public static SnapFile? Decode(ReadOnlySpan<byte> file, out string fault)
    {
        ulong checksum = 0;
        ReadOnlySpan<byte> data = default;
        var reader = new WireReader(file);
        while (reader.Next())
        {
            if (reader.Field == CrcField)
                checksum = reader.Number;
            else if (reader.Field == DataField)
                data = reader.Bytes;
        }

        fault = (reader.IsMalformed, data.IsEmpty || checksum == 0) switch
        {
            (true, _) => "it cannot be parsed",
            (_, true) => "it is empty",
            _ => "",
        };
        if (fault.Length > 0)
            return null;

        uint computed = Crc32C.Compute(data);
        if (checksum != computed)
        {
            fault = $"its checksum is {checksum:x8}, computed {computed:x8}";
            return null;
        }

        SnapFile? snap = DecodeSnapshot(data);
        fault = snap is null ? "its content cannot be parsed" : "";
        return snap;
    }

    private static SnapFile? DecodeSnapshot(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> document = default;
        ReadOnlySpan<byte> metadata = default;
        var reader = new WireReader(message);
        while (reader.Next())
        {
            if (reader.Field == 1)
                document = reader.Bytes;
            else if (reader.Field == 2)
                metadata = reader.Bytes;
        }

        return !reader.IsMalformed && TryDecodeMetadata(metadata, out LogSnapshot snapshot)
            ? new SnapFile(snapshot.Index, snapshot.Term, snapshot.ConfState!, document.ToArray())
            : null;
    }

    private static bool TryDecodeMetadata(ReadOnlySpan<byte> message, out LogSnapshot snapshot)
    {
        ulong index = 0;
        ulong term = 0;
        LogConfState? members = null;
        bool isWhole = true;
        var reader = new WireReader(message);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    isWhole = ConfStateCodec.TryDecode(reader.Bytes, out members);
                    break;
                case 2:
                    index = reader.Number;
                    break;
                case 3:
                    term = reader.Number;
                    break;
            }
        }

        snapshot = new LogSnapshot(index, term, members);
        return isWhole && !reader.IsMalformed && members is not null;
    }
}
