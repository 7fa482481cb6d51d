using Kv.Storage.Wire;

namespace Kv.Storage.Log;

/// <summary>Reads what records hold. False means that it is not what the record's type promises.</summary>
internal static class RecordContent
{
    public static bool TryReadMetadata(ReadOnlySpan<byte> content, out LogMetadata metadata)
    {
        ulong node = 0;
        ulong cluster = 0;
        var reader = new WireReader(content);
        while (reader.Next())
        {
            if (reader.Field == 1)
                node = reader.Number;
            else if (reader.Field == 2)
                cluster = reader.Number;
        }

        metadata = new LogMetadata(node, cluster);
        return !reader.IsMalformed;
    }

    /// <summary>The entry without its data, which <paramref name="data"/> shows in place.</summary>
    public static bool TryReadEntry(ReadOnlySpan<byte> content, out LogEntry entry, out ReadOnlySpan<byte> data)
    {
        ulong type = 0;
        ulong term = 0;
        ulong index = 0;
        data = default;
        var reader = new WireReader(content);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    type = reader.Number;
                    break;
                case 2:
                    term = reader.Number;
                    break;
                case 3:
                    index = reader.Number;
                    break;
                case 4:
                    data = reader.Bytes;
                    break;
            }
        }

        entry = new LogEntry((int)Math.Min(type, int.MaxValue), term, index, default);
        return !reader.IsMalformed && index > 0;
    }

    public static bool TryReadState(ReadOnlySpan<byte> content, out LogState state)
    {
        ulong term = 0;
        ulong vote = 0;
        ulong commit = 0;
        var reader = new WireReader(content);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    term = reader.Number;
                    break;
                case 2:
                    vote = reader.Number;
                    break;
                case 3:
                    commit = reader.Number;
                    break;
            }
        }

        state = new LogState(term, vote, commit);
        return !reader.IsMalformed;
    }

    public static bool TryReadSnapshot(ReadOnlySpan<byte> content, out LogSnapshot snapshot)
    {
        ulong index = 0;
        ulong term = 0;
        LogConfState? members = null;
        bool isWhole = true;
        var reader = new WireReader(content);
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    index = reader.Number;
                    break;
                case 2:
                    term = reader.Number;
                    break;
                case 3:
                    isWhole = ConfStateCodec.TryDecode(reader.Bytes, out members);
                    break;
            }
        }

        snapshot = new LogSnapshot(index, term, members);
        return isWhole && !reader.IsMalformed;
    }
}
