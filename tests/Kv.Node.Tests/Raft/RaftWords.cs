using System.Globalization;
using System.Text;
using Kv.Raft;
using Kv.Testing;

namespace Kv.Node.Tests.Raft;

/// <summary>How nodes, messages and outputs are written in the transcripts.</summary>
internal static class RaftWords
{
    public static RaftOptions Options(Command settings, NodeId id, Random random) => new()
    {
        Id = id,
        Random = random,
        PreVote = settings.Text("prevote", "on") == "on",
        CheckQuorum = settings.Text("checkquorum", "on") == "on",
        MessageBytesMax = (long)settings.Number("message-bytes", 1024 * 1024),
        InflightMessagesMax = (int)settings.Number("inflight", 512),
        InflightBytesMax = (long)settings.Number("inflight-bytes", 1024 * 1024),
        UncommittedBytesMax = (long)settings.Number("uncommitted-bytes", 1024 * 1024),
        CommittedBytesMax = (long)settings.Number("committed-bytes", 1024 * 1024),
    };

    public static ConfState Conf(Command command) => new(
        Ids(command, "voters"),
        Ids(command, "learners"),
        Ids(command, "outgoing"),
        Ids(command, "learners-next"),
        command.Has("autoleave"));

    /// <summary>With <c>bootstrap</c>, the log begins as etcd's: with an entry for each founder. Else the founders are
    /// known without it.</summary>
    public static RestoredState Founder(Command command)
    {
        ConfState conf = Conf(command);
        if (!command.Has("bootstrap"))
            return new RestoredState { Conf = conf };

        var entries = new List<Entry>();
        foreach (NodeId id in conf.Voters)
            entries.Add(Adding(new EntryId(1, (ulong)entries.Count + 1), id));

        ulong last = (ulong)entries.Count;
        return new RestoredState
        {
            HardState = new HardState(Term: 1, NodeId.None, last),
            Conf = conf,
            Entries = entries,
            Applied = last,
        };
    }

    /// <summary>A log is written as the terms of its entries: <c>log=1,1,4</c>; <c>4c7</c> is one that adds node
    /// 7.</summary>
    public static RestoredState Restored(Command command)
    {
        ulong first = command.Number("compacted", 0) + 1;
        var entries = new List<Entry>();
        foreach (string word in command.Text("log", "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            ulong[] parts = [.. word.Split('c').Select(part => ulong.Parse(part, CultureInfo.InvariantCulture))];
            var id = new EntryId(parts[0], first + (ulong)entries.Count);
            bool isPlain = parts.Length == 1;
            entries.Add(isPlain ? new Entry(id, EntryType.Normal, default) : Adding(id, new NodeId(parts[1])));
        }

        return new RestoredState
        {
            HardState = new HardState(
                command.Number("term", entries.LastOrDefault().Term),
                new NodeId(command.Number("vote", 0)),
                command.Number("commit", first - 1)),
            Conf = Conf(command),
            Compacted = new EntryId(command.Number("compacted-term", 0), first - 1),
            Entries = entries,
            Applied = command.Number("applied", first - 1),
        };
    }

    private static Entry Adding(EntryId id, NodeId node) =>
        new(id, EntryType.ConfChange, ConfChangeCodec.Encode(new ConfChange(Id: 0, ConfChangeType.AddNode, node)));

    public static Message Parse(Command command)
    {
        ulong previous = command.Number("index", 0);
        ulong[] terms = command.Numbers("entries");
        var entries = new Entry[terms.Length];
        for (int i = 0; i < terms.Length; i++)
            entries[i] = new Entry(new EntryId(terms[i], previous + 1 + (ulong)i), EntryType.Normal, default);

        return new Message
        {
            Type = Enum.Parse<MessageType>(command.Words[0]),
            From = new NodeId(command.Number("from")),
            To = new NodeId(command.Number("to")),
            Term = command.Number("term", 0),
            Index = previous,
            LogTerm = command.Number("log-term", 0),
            Commit = command.Number("commit", 0),
            Entries = entries,
            Reject = command.Has("reject"),
            RejectHint = command.Number("hint", 0),
            Context = Encoding.ASCII.GetBytes(command.Text("context", "")),
            Snapshot = command.Has("snapshot") ? new Snapshot(Id(command.Text("snapshot")), Conf(command)) : null,
        };
    }

    /// <summary>Changes are written +1 (voter), l1 (learner), -1 (removed), u1 (updated).</summary>
    public static ProposeOutcome Propose(Command command, RaftNode raft)
    {
        ConfChangeSingle[] changes = [.. command.Words.Skip(1).Where(IsChange).Select(Single)];
        if (command.Has("v1"))
            return raft.ProposeConfChange(new ConfChange(Id: 0, changes[0].Type, changes[0].Node));

        var transition = Enum.Parse<ConfChangeTransition>(command.Text("transition", "Auto"));
        return raft.ProposeConfChange(new ConfChangeV2(transition, changes));
    }

    public static string Log(MemberDisk disk)
    {
        RestoredState restored = disk.Restore(new MemberStore(ulong.MaxValue, ConfState.Empty));
        return $"({restored.Compacted}) {string.Join(' ', restored.Entries.Select(entry => entry.Id))}".TrimEnd();
    }

    public static void Describe(StringBuilder told, Member member, Output output)
    {
        if (output.SoftState is { } soft)
            told.Append($"{member.Id} is {soft.Role} of term {member.Raft.Term}, leader {soft.Leader}\n");
        if (output.WriteNumber != 0 || output.HardState is not null)
            DescribeWrite(told, member, output);
        foreach (ReadState read in output.ReadStates)
            told.Append($"{member.Id} may read {read.Context} at {read.Index}\n");
        foreach (Entry entry in output.Dropped)
            told.Append($"{member.Id} dropped {entry.Tag}\n");
    }

    public static void DescribeApplied(StringBuilder told, Member member, Output output)
    {
        if (output.Snapshot is { } snapshot)
            told.Append($"{member.Id} restored {snapshot.Id} {snapshot.Conf}\n");
        foreach (Entry entry in output.Committed)
        {
            told.Append($"{member.Id} applied {Describe(entry)}");
            told.Append(entry.ChangesConf ? $" -> {member.Store.ConfAt(entry.Index)}\n" : "\n");
        }
    }

    public static string Describe(Message message)
    {
        string text = $"{message.From}->{message.To} {message.Type} term={message.Term}";
        if (message.Type is MessageType.Append or MessageType.Vote or MessageType.PreVote)
            text += $" after={message.LogTerm}/{message.Index}";
        else if (message.Type is MessageType.AppendResponse or MessageType.ReadIndexResponse)
            text += $" index={message.Index}";
        if (message.Reject)
            text += " rejected";
        if (message is { Reject: true, Type: MessageType.AppendResponse })
            text += $", hint={message.LogTerm}/{message.RejectHint}";
        if (message.Snapshot is { } snapshot)
            text += $" {snapshot.Id} {snapshot.Conf}";
        foreach (Entry entry in message.Entries.Span)
            text += $" [{Describe(entry)}]";
        if (message.Type is MessageType.Append or MessageType.Heartbeat)
            text += $" commit={message.Commit}";
        return message.Context.Length > 0 ? $"{text} context={Bytes(message.Context.Span)}" : text;
    }

    public static string Describe(PeerStatus peer)
    {
        string text = $"{peer.Id} {peer.State} match={peer.Match} next={peer.Next}";
        if (peer.IsLearner)
            text += " learner";
        if (peer.IsPaused)
            text += " paused";
        if (peer.IsActive)
            text += " active";
        if (peer.InflightCount > 0)
            text += $" inflight={peer.InflightCount}";
        return peer.PendingSnapshot > 0 ? $"{text} snapshot={peer.PendingSnapshot}" : text;
    }

    private static void DescribeWrite(StringBuilder told, Member member, Output output)
    {
        told.Append($"{member.Id} writes");
        if (output.WriteNumber != 0)
            told.Append($" #{output.WriteNumber}");
        if (output.Snapshot is { } snapshot)
            told.Append($" snapshot {snapshot.Id}");
        foreach (Entry entry in output.Entries)
            told.Append($" [{Describe(entry)}]");
        if (output.HardState is { } hard)
            told.Append($" term={hard.Term} vote={hard.Vote} commit={hard.Commit}");
        told.Append(output.MustSync ? ", synced\n" : "\n");
    }

    private static string Describe(in Entry entry)
    {
        if (ConfChangeCodec.TryDecode(entry, out ConfChangeV2? change))
            return $"{entry.Id} {Describe(change)}";

        return entry.Data.Length switch
        {
            0 => $"{entry.Id}",
            > 16 => $"{entry.Id} {entry.Data.Length} bytes",
            _ => $"{entry.Id} {Bytes(entry.Data.Span)}",
        };
    }

    private static string Describe(ConfChangeV2 change)
    {
        if (change.Changes.Count == 0)
            return "leave";

        string text = string.Join(' ', change.Changes.Select(single => $"{Sign(single.Type)}{single.Node}"));
        return change.Transition == ConfChangeTransition.Auto ? text : $"{text} {change.Transition}";
    }

    private static string Bytes(ReadOnlySpan<byte> bytes) =>
        bytes.ContainsAnyExceptInRange((byte)' ', (byte)'~')
            ? Convert.ToHexString(bytes)
            : Encoding.ASCII.GetString(bytes);

    private static bool IsChange(string word) => word[0] is '+' or '-' or 'l' or 'u';

    private static ConfChangeSingle Single(string word) =>
        new(Type(word[0]), new NodeId(ulong.Parse(word.AsSpan(1), CultureInfo.InvariantCulture)));

    private static ConfChangeType Type(char sign) => sign switch
    {
        '+' => ConfChangeType.AddNode,
        '-' => ConfChangeType.RemoveNode,
        'l' => ConfChangeType.AddLearnerNode,
        'u' => ConfChangeType.UpdateNode,
        _ => throw new InvalidDataException($"No change begins with '{sign}'."),
    };

    private static char Sign(ConfChangeType type) => type switch
    {
        ConfChangeType.AddNode => '+',
        ConfChangeType.RemoveNode => '-',
        ConfChangeType.AddLearnerNode => 'l',
        _ => 'u',
    };

    private static EntryId Id(string text)
    {
        ulong[] parts = [.. text.Split('/').Select(part => ulong.Parse(part, CultureInfo.InvariantCulture))];
        return new EntryId(parts[0], parts[1]);
    }

    private static NodeId[] Ids(Command command, string name) =>
        [.. command.Numbers(name).Select(number => new NodeId(number)).Order()];
}
