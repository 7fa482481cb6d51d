using System.Text;
using Kv.Raft;

namespace Kv.Node.Tests.Raft;

/// <summary>What must hold in any cluster at any time, whatever is lost, late, repeated or crashes. Each is checked
/// against all that any member has ever shown.</summary>
internal sealed class ClusterRules
{
    // More than are applied at once. What is before them was compared when it was applied.
    private const int ComparedAgain = 50;

    private readonly Dictionary<ulong, NodeId> _leaders = [];
    private readonly Dictionary<(NodeId Voter, ulong Term), NodeId> _votes = [];
    private readonly Dictionary<EntryId, (string Text, EntryId Previous)> _entries = [];
    private readonly Dictionary<ulong, (EntryId Id, string Text)> _applied = [];
    private readonly Dictionary<ulong, ConfState> _confs = [];
    private readonly Dictionary<ulong, ulong> _reads = [];

    public ulong Committed { get; private set; }

    public int LeaderCount => _leaders.Count;

    public int AppliedCount => _applied.Count;

    public int AnsweredReadCount { get; private set; }

    public void OnReadAsked(ulong context) => _reads.Add(context, Committed);

    public void OnTaken(Member member, Output output)
    {
        foreach (Entry entry in output.Entries)
            CheckLogMatching(member, entry);
        if (output.SoftState is { Role: RaftRole.Leader })
            CheckLeader(member);
        foreach (ReadState read in output.ReadStates)
        {
            AnsweredReadCount++;
            Assert.True(read.Index >= _reads[read.Context], $"{member}: a read misses what was committed before it.");
        }

        Committed = Math.Max(Committed, member.Raft.Committed);
    }

    public void OnSent(Message message)
    {
        if (message is not { Type: MessageType.VoteResponse, Reject: false })
            return;

        NodeId candidate = _votes.GetValueOrDefault((message.From, message.Term), message.To);
        Assert.True(
            candidate == message.To,
            $"{message.From} votes for {candidate} and {message.To} in term {message.Term}.");
        _votes[(message.From, message.Term)] = message.To;
    }

    /// <summary>State-machine safety: no two stores differ in what they applied at an index.</summary>
    public void OnApplied(Member member)
    {
        IReadOnlyList<(EntryId Id, string Text)> history = member.Store.History;
        if (_confs.TryGetValue(member.Store.Applied, out ConfState? conf))
            Assert.Equal(conf, member.Store.Conf);
        _confs[member.Store.Applied] = member.Store.Conf;

        int known = 0;
        for (int i = history.Count - 1; i >= 0 && known < ComparedAgain; i--)
        {
            if (!_applied.TryAdd(history[i].Id.Index, history[i]))
                known++;
            (EntryId Id, string Text) elsewhere = _applied[history[i].Id.Index];
            Assert.True(elsewhere == history[i], $"{member}: {history[i]}, elsewhere {elsewhere}.");
        }
    }

    /// <summary>An entry's id names its content and, with that, all that comes before it.</summary>
    private void CheckLogMatching(Member member, in Entry entry)
    {
        EntryId previous = member.Memory.Find(entry.Index - 1)?.Id ?? member.Memory.Compacted;
        if (previous.Index != entry.Index - 1)
            return; // forgotten here

        (string Text, EntryId Previous) found = (Encoding.UTF8.GetString(entry.Data.Span), previous);
        (string Text, EntryId Previous) known = _entries.GetValueOrDefault(entry.Id, found);
        Assert.True(found == known, $"{member}: entry {entry.Id} is {found}, elsewhere {known}.");
        _entries[entry.Id] = found;
    }

    /// <summary>One leader in a term, and it has all that was committed before.</summary>
    private void CheckLeader(Member member)
    {
        ulong term = member.Raft.Term;
        NodeId known = _leaders.GetValueOrDefault(term, member.Id);
        Assert.True(known == member.Id, $"{known} and {member.Id} lead in term {term}.");
        _leaders[term] = member.Id;

        foreach ((EntryId id, _) in _applied.Values)
        {
            Entry? held = member.Memory.Find(id.Index);
            Assert.True(
                held?.Id == id || id.Index <= member.Memory.Compacted.Index,
                $"{member}: leads without {id}, which was applied elsewhere.");
        }
    }
}
