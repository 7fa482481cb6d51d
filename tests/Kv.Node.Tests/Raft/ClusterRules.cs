using System.Text;
using Kv.Raft;

namespace Kv.Node.Tests.Raft;

/// <summary>What must hold in any cluster at any time, whatever is lost, late, repeated or crashes. Each is checked
/// against all that any member has ever shown, as soon as a member has done anything:
/// <list type="bullet">
/// <item>one leader in a term, elected by votes of a quorum, and one vote of each member in a term (§5.2);</item>
/// <item>terms only ever rise;</item>
/// <item>an entry's id names its content and all that comes before it (Log Matching, §5.3);</item>
/// <item>a leader commits by counting what a quorum has on disk, and only entries of its own term (§5.4.2);</item>
/// <item>what was committed anywhere is the same everywhere, and in the log of every later leader (§5.4);</item>
/// <item>no two stores differ in what they applied at an index, nor in the membership there;</item>
/// <item>a read sees all that was committed anywhere before it was asked (§8).</item>
/// </list></summary>
internal sealed class ClusterRules(IReadOnlyDictionary<NodeId, Member> members)
{
    // More than are applied at once. What is before them was compared when it was applied.
    private const int ComparedAgain = 50;

    private readonly Dictionary<ulong, NodeId> _leaders = [];
    private readonly Dictionary<(NodeId Voter, ulong Term), NodeId> _votes = [];
    private readonly Dictionary<EntryId, (string Text, EntryId Previous)> _entries = [];
    private readonly Dictionary<ulong, (EntryId Id, string Text)> _applied = [];
    private readonly Dictionary<ulong, (EntryId Id, ulong ByTerm)> _committed = [];
    private readonly Dictionary<ulong, ConfState> _confs = [];
    private readonly Dictionary<ulong, ulong> _reads = [];
    private readonly Dictionary<NodeId, Seen> _seen = [];
    private readonly Dictionary<NodeId, ulong> _compared = [];

    /// <summary>The highest index that any member has known to be committed.</summary>
    public ulong Committed { get; private set; }

    public int LeaderCount => _leaders.Count;

    public int AppliedCount => _applied.Count;

    public int AnsweredReadCount { get; private set; }

    public void OnReadAsked(ulong context) => _reads.Add(context, Committed);

    /// <summary>To be called when the member has done one thing, and before it does another.</summary>
    public void OnStep(Member member)
    {
        var now = new Seen(member.Raft.Term, member.Raft.Role, member.Raft.Committed);
        Seen before = _seen.GetValueOrDefault(member.Id, now with { Role = RaftRole.Follower });
        if (now == before)
            return;

        _seen[member.Id] = now;
        Assert.True(now.Term >= before.Term, $"{member}: was in term {before.Term}.");
        if (now.Role == RaftRole.Leader && (before.Role != RaftRole.Leader || before.Term != now.Term))
            CheckElection(member);
        else if (now.Role == RaftRole.Leader && now.Committed > before.Committed)
            CheckCommit(member, before.Committed);
        Committed = Math.Max(Committed, now.Committed);
    }

    /// <summary>Forgets what a member had in memory only.</summary>
    public void OnRestarted(Member member)
    {
        HardState durable = member.Disk.HardState;
        _seen[member.Id] = new Seen(durable.Term, RaftRole.Follower, member.Raft.Committed);
        _compared[member.Id] = 0;
    }

    public void OnTaken(Member member, Output output)
    {
        foreach (Entry entry in output.Entries)
            CheckLogMatching(member, entry);
        if (output.SoftState is { Role: RaftRole.Leader })
            CheckCompleteness(member);
        foreach (ReadState read in output.ReadStates)
        {
            AnsweredReadCount++;
            Assert.True(read.Index >= _reads[read.Context], $"{member}: a read misses what was committed before it.");
        }

        CompareCommitted(member);
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
            Assert.True(
                !_committed.TryGetValue(history[i].Id.Index, out var committed) || committed.Id == history[i].Id,
                $"{member}: applied {history[i]}, committed was {committed}.");
        }
    }

    // Its own vote it need not have sent to anybody; that it is on disk is checked as a term's first act.
    private void CheckElection(Member member)
    {
        ulong term = member.Raft.Term;
        NodeId known = _leaders.GetValueOrDefault(term, member.Id);
        Assert.True(known == member.Id, $"{known} and {member.Id} lead in term {term}.");
        _leaders[term] = member.Id;

        HardState durable = member.Disk.HardState;
        Assert.True(
            (durable.Term, durable.Vote) == (term, member.Id),
            $"{member}: leads by a vote of its own that a crash would undo.");
        CheckQuorum(
            member,
            voter => voter == member.Id || _votes.GetValueOrDefault((voter, term)) == member.Id,
            "it is no quorum that chose it");
    }

    private void CheckCommit(Member leader, ulong before)
    {
        ulong committed = leader.Raft.Committed;
        EntryId? last = IdAt(leader.Memory, committed);
        Assert.True(
            last is { } id && id.Term == leader.Raft.Term,
            $"{leader}: commits {last} of another term by counting.");
        CheckQuorum(leader, voter => Has(members[voter].Disk, last!.Value), $"no quorum has {last} on disk");
        for (ulong index = before + 1; index <= committed; index++)
        {
            if (IdAt(leader.Memory, index) is { } entry)
                Commit(leader, entry);
        }
    }

    private static void CheckQuorum(Member leader, Func<NodeId, bool> agrees, string complaint)
    {
        ConfState conf = leader.Raft.Conf;
        IReadOnlyList<NodeId>[] sets = [conf.Voters, conf.VotersOutgoing];
        foreach (IReadOnlyList<NodeId> voters in sets)
        {
            Assert.True(
                voters.Count == 0 || voters.Count(agrees) > voters.Count / 2,
                $"{leader}: {complaint} in {conf}.");
        }
    }

    private static bool Has(MemberDisk disk, EntryId id) =>
        disk.Compacted.Index >= id.Index || disk.Find(id.Index)?.Id == id;

    private static EntryId? IdAt(MemberDisk log, ulong index) =>
        index == log.Compacted.Index ? log.Compacted : log.Find(index)?.Id;

    private void Commit(Member member, EntryId id)
    {
        (EntryId known, ulong _) = _committed.GetValueOrDefault(id.Index, (id, member.Raft.Term));
        Assert.True(known == id, $"{member}: commits {id}, but {known} was committed.");
        _committed.TryAdd(id.Index, (id, member.Raft.Term));
    }

    // A leader's are known at once; followers learn of them, and must be told the same.
    private void CompareCommitted(Member member)
    {
        ulong committed = member.Raft.Committed;
        for (ulong index = _compared.GetValueOrDefault(member.Id) + 1; index <= committed; index++)
        {
            if (IdAt(member.Memory, index) is { } id && _committed.TryGetValue(index, out var known))
                Assert.True(known.Id == id, $"{member}: takes {id} for committed, but {known.Id} was.");
        }

        _compared[member.Id] = Math.Max(committed, _compared.GetValueOrDefault(member.Id));
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

    /// <summary>A leader has all that leaders before it had committed.</summary>
    private void CheckCompleteness(Member member)
    {
        foreach ((EntryId id, ulong byTerm) in _committed.Values)
        {
            Assert.True(
                byTerm >= member.Raft.Term || Has(member.Memory, id),
                $"{member}: leads without {id}, which was committed in term {byTerm}.");
        }
    }

    private readonly record struct Seen(ulong Term, RaftRole Role, ulong Committed);
}
