using System.Diagnostics.CodeAnalysis;
using Kv.Storage.Wire;

namespace Kv.Storage.Log;

/// <summary>raftpb.ConfState, which stands in snapshot records and snapshot files.</summary>
internal static class ConfStateCodec
{
    private const int VotersField = 1;
    private const int LearnersField = 2;
    private const int VotersOutgoingField = 3;
    private const int LearnersNextField = 4;
    private const int AutoLeaveField = 5;

    public static byte[] Encode(LogConfState state)
    {
        int numbers = state.Voters.Length + state.Learners.Length + state.VotersOutgoing.Length
            + state.LearnersNext.Length + 1;
        var writer = new WireWriter(new byte[numbers * WireWriter.FieldBytesMax]);
        Put(ref writer, VotersField, state.Voters);
        Put(ref writer, LearnersField, state.Learners);
        Put(ref writer, VotersOutgoingField, state.VotersOutgoing);
        Put(ref writer, LearnersNextField, state.LearnersNext);
        writer.Number(AutoLeaveField, state.AutoLeave ? 1UL : 0UL);
        return writer.Written.ToArray();
    }

    public static bool TryDecode(ReadOnlySpan<byte> message, [NotNullWhen(true)] out LogConfState? state)
    {
        var lists = new List<ulong>[LearnersNextField];
        for (int i = 0; i < lists.Length; i++)
            lists[i] = [];

        bool autoLeave = false;
        var reader = new WireReader(message);
        while (reader.Next())
        {
            if (reader.Field is >= VotersField and <= LearnersNextField)
                reader.AddNumbersTo(lists[reader.Field - VotersField]);
            else if (reader.Field == AutoLeaveField)
                autoLeave = reader.Number != 0;
        }

        state = new LogConfState([.. lists[0]], [.. lists[1]], [.. lists[2]], [.. lists[3]], autoLeave);
        return !reader.IsMalformed;
    }

    private static void Put(ref WireWriter writer, int field, ulong[] numbers)
    {
        foreach (ulong number in numbers)
            writer.Number(field, number);
    }
}
