using Kv.Raft;

namespace Kv.Node.Tests.Peers;

/// <summary>Messages of every kind, with what such a kind has.</summary>
internal sealed class RandomMessages(Random random)
{
    private static readonly MessageType[] Types = Enum.GetValues<MessageType>();

    public Message Next()
    {
        MessageType type = Types[random.Next(Types.Length)];
        bool hasEntries = type is MessageType.Append or MessageType.Propose or MessageType.ReadIndex;
        bool rejects = random.Next(2) == 0;
        return new Message
        {
            Type = type,
            To = new NodeId(Number()),
            From = new NodeId(Number()),
            Term = type is MessageType.Propose or MessageType.ReadIndex ? 0 : Number(),
            LogTerm = Number(),
            Index = Number(),
            Commit = Number(),
            Entries = hasEntries ? Entries() : default,
            Reject = rejects,
            RejectHint = rejects ? Number() : 0,
            Context = random.Next(3) == 0 ? Bytes(16) : default,
            Snapshot = type == MessageType.Snapshot ? Snapshot() : null,
        };
    }

    /// <summary>Appends of one leader to one follower, mostly each going on where the last one ended.</summary>
    public IEnumerable<Message> Appends(int count)
    {
        ulong term = 1;
        ulong index = 0;
        ulong logTerm = 0;
        for (int at = 0; at < count; at++)
        {
            if (random.Next(8) == 0)
                term++;
            if (random.Next(8) == 0)
                index += (ulong)random.Next(3);
            var entries = new Entry[random.Next(4)];
            for (int each = 0; each < entries.Length; each++)
                entries[each] = new Entry(new EntryId(term, index + 1 + (ulong)each), EntryType.Normal, Bytes(300));
            yield return new Message
            {
                Type = MessageType.Append,
                From = new NodeId(1),
                To = new NodeId(2),
                Term = term,
                LogTerm = logTerm,
                Index = index,
                Commit = Number(),
                Entries = entries,
            };
            index += (ulong)entries.Length;
            logTerm = entries.Length > 0 || random.Next(2) == 0 ? term : logTerm;
        }
    }

    private Entry[] Entries() =>
    [
        .. Enumerable.Range(0, random.Next(5)).Select(_ =>
            new Entry(new EntryId(Number(), Number()), (EntryType)random.Next(3), Bytes(random.Next(2) * 5000))),
    ];

    private Snapshot Snapshot() => new(
        new EntryId(Number() + 1, Number() + 1),
        new ConfState(Ids(), Ids(), Ids(), Ids(), random.Next(2) == 0),
        Bytes(2000));

    private NodeId[] Ids() => [.. Enumerable.Range(0, random.Next(4)).Select(_ => new NodeId(Number()))];

    private byte[] Bytes(int lengthMax)
    {
        byte[] bytes = new byte[random.Next(lengthMax + 1)];
        random.NextBytes(bytes);
        return bytes;
    }

    /// <summary>Of any length in bits, zero included.</summary>
    private ulong Number() => (ulong)random.NextInt64(long.MaxValue) >> random.Next(64);
}
