using System.Text;
using Kv.Raft;

namespace Kv.Node.Tests.Raft;

/// <summary>A cluster to which anything happens at any moment, drawn from one seed: messages are lost, late, repeated
/// and overtaken; links are cut; members crash between being told to write and having written, and forget
/// what was not; the membership changes. What happens is one step at a time, in one thread.</summary>
internal sealed class RandomCluster
{
    private const int FoundersMin = 3;
    private const int MembersMax = 7;
    private const int InFlightMax = 400;
    private const int ElectionTicks = 4;

    private readonly int _seed;
    private readonly Random _random;
    private readonly List<Message> _inFlight = [];
    private readonly HashSet<(NodeId From, NodeId To)> _cuts = [];
    private readonly Dictionary<NodeId, Member> _members = [];
    private ulong _nextContext;
    private int _nextProposal;

    public RandomCluster(int seed)
    {
        _seed = seed;
        _random = new Random(seed);
        int members = _random.Next(FoundersMin, MembersMax + 1);
        int founders = _random.Next(FoundersMin, members + 1);
        var conf = ConfState.OfVoters(Enumerable.Range(1, founders).Select(id => new NodeId((ulong)id)));
        Rules = new ClusterRules(_members);

        // The founders begin with a log of which the first entry is gone. So whoever is added later needs a snapshot,
        // which tells it who they are.
        var first = new EntryId(1, 1);
        var founder = new RestoredState
        {
            HardState = new HardState(first.Term, NodeId.None, first.Index),
            Conf = conf,
            Compacted = first,
            Applied = first.Index,
        };
        for (int number = 1; number <= members; number++)
        {
            var id = new NodeId((ulong)number);
            _members.Add(id, new Member(id, Options, number <= founders ? founder : new RestoredState()));
        }
    }

    /// <summary>Whether candidates ask for pre-votes. Without them and <see cref="ChecksQuorum"/> a node that does not
    /// know that it was removed can unseat leaders for ever.</summary>
    public bool AsksFirst => _seed % 3 != 0;

    public bool ChecksQuorum => _seed % 5 != 0;

    public ClusterRules Rules { get; }

    public QuorumWatch QuorumWatch { get; } = new(ElectionTicks);

    public RandomClusterTally Tally { get; } = new();

    public IReadOnlyCollection<Member> Members => _members.Values;

    public Member? Leader => Members.Where(member => member.IsUp && member.Raft.Role == RaftRole.Leader)
        .MaxBy(member => member.Raft.Term);

    /// <summary>One thing happens. <paramref name="trouble"/>, from 0 to 1, is how much of it is bad.</summary>
    public void Step(double trouble)
    {
        Member member = Pick();
        if (_random.NextDouble() < 0.03 * trouble)
            Trouble(member);

        switch (_random.Next(100))
        {
            case < 8:
                Do(member, () => Tick(member));
                break;
            case < 13:
                Do(member, () => Propose(member));
                break;
            case < 14:
                Do(member, () => Read(member));
                break;
            case < 16:
                Do(member, () => Housekeep(member, trouble));
                break;
            case < 60:
                DeliverOne(trouble);
                break;
            default:
                Work(member);
                break;
        }

        if (member.IsUp)
            Rules.OnStep(member);
    }

    /// <summary>All is well again, and stays so.</summary>
    public void Heal()
    {
        _cuts.Clear();
        foreach (Member member in Members.Where(member => !member.IsUp))
            Restart(member);
    }

    /// <summary>Asks a member, and through it the leader, to hand over leadership.</summary>
    public void TransferLeader(Member asked, NodeId to)
    {
        foreach (Member member in Members)
            QuorumWatch.OnTransfer(member);
        asked.Raft.TransferLeader(to);
    }

    /// <summary>Asks a member for an index to read at; returns the question's number.</summary>
    public ulong Read(Member member)
    {
        Rules.OnReadAsked(++_nextContext);
        member.Raft.ReadIndex(_nextContext);
        return _nextContext;
    }

    /// <summary>Gives every member time to do all it has to, with a message from each to each.</summary>
    public void Round()
    {
        foreach (Member member in Members)
        {
            Tick(member);
            for (int i = 0; i < 3; i++)
                WorkOff(member);
        }

        for (int i = _inFlight.Count; i > 0; i--)
            Deliver(0, trouble: 0);
    }

    private RaftOptions Options(NodeId id) => new()
    {
        Id = id,
        Random = _random,
        PreVote = AsksFirst,
        CheckQuorum = ChecksQuorum,
        ElectionTicks = ElectionTicks,
        HeartbeatTicks = 1,
        MessageBytesMax = 64,
        InflightMessagesMax = 3,
        InflightBytesMax = 150,
        UncommittedBytesMax = 400,
        CommittedBytesMax = 64,
    };

    private static void Do(Member member, Action act)
    {
        if (member.IsUp)
            act();
    }

    private void Trouble(Member member)
    {
        switch (_random.Next(8))
        {
            case 0 or 1 when member.IsUp:
                Crash(member);
                break;
            case 2 when Leader is { } leader:
                Crash(leader);
                break;
            case <= 4 when !member.IsUp:
                Restart(member);
                break;
            case 3 or 4 or 5:
                _cuts.Add((member.Id, Pick().Id));
                break;
            case 6:
                Isolate(_random.Next(2) == 0 ? member : Leader ?? member);
                break;
            default:
                _cuts.Clear();
                break;
        }
    }

    private void Restart(Member member)
    {
        member.Restart();
        Rules.OnRestarted(member);
    }

    private void Tick(Member member)
    {
        member.Raft.Tick();
        if (ChecksQuorum)
            QuorumWatch.OnTick(member);
        Rules.OnStep(member);
    }

    private void Crash(Member member)
    {
        member.Crash(tornEntries: _random.Next(4));
        Tally.Crashes++;
    }

    private void Isolate(Member member)
    {
        foreach (Member other in Members)
        {
            _cuts.Add((member.Id, other.Id));
            _cuts.Add((other.Id, member.Id));
        }
    }

    private void Housekeep(Member member, double trouble)
    {
        switch (_random.Next(6))
        {
            case 0:
                member.Store.Save();
                break;
            case 1:
                member.Compact((ulong)_random.NextInt64((long)member.Store.Applied + 1));
                break;
            case 2 when _random.NextDouble() < trouble:
                TransferLeader(member, Pick().Id);
                break;
            case 3 when _random.NextDouble() < trouble:
                member.Raft.Campaign();
                break;
            case 4 when _seed % 7 != 0:
                ProposeChange(member);
                break;
            case 5 when _random.Next(2) == 0:
                member.Raft.ReportRefused(Pick().Id); // at times true
                break;
            default:
                member.Raft.ReportUnreachable(Pick().Id);
                break;
        }
    }

    private void Propose(Member member)
    {
        byte[] data = Encoding.UTF8.GetBytes($"{_nextProposal++}{new string('x', _random.Next(30))}");
        member.Raft.Propose(data, tag: data);
    }

    private void ProposeChange(Member member)
    {
        if (member.Raft.Conf is { IsJoint: true, AutoLeave: false } || _random.Next(8) == 0)
        {
            member.Raft.ProposeConfChange(ConfChangeV2.Leave);
            return;
        }

        ConfChangeSingle[] changes =
        [
            .. Enumerable.Range(0, _random.Next(1, 4))
                .Select(_ => new ConfChangeSingle((ConfChangeType)_random.Next(4), Pick().Id)),
        ];
        member.Raft.ProposeConfChange(new ConfChangeV2((ConfChangeTransition)_random.Next(3), changes));
    }

    /// <summary>Some of what the member has to do is done.</summary>
    private void Work(Member member)
    {
        if (!member.IsUp)
            return;

        Take(member);
        while (member.HasUnwritten && _random.Next(3) > 0)
            Persist(member);
        while (member.CanApply && _random.Next(3) > 0)
            Apply(member);
    }

    private void WorkOff(Member member)
    {
        Take(member);
        while (member.HasUnwritten)
            Persist(member);
        while (member.CanApply)
            Apply(member);
    }

    private void Take(Member member)
    {
        if (member.Take() is not { } output)
            return;

        Tally.Dropped += output.Dropped.Count;
        Rules.OnStep(member);
        Rules.OnTaken(member, output);
        Collect(member);
    }

    private void Persist(Member member)
    {
        member.Persist();
        Rules.OnStep(member);
        Collect(member);
    }

    private void Apply(Member member)
    {
        Output output = member.Apply();
        Tally.Restored += output.Snapshot is null ? 0 : 1;
        Tally.Changed += output.Committed.Count(entry => entry.Type != EntryType.Normal);
        Tally.JointSeen += member.Raft.Conf.IsJoint ? 1 : 0;
        Rules.OnApplied(member);
        Rules.OnStep(member);
    }

    private void Collect(Member member)
    {
        while (member.Sent.TryDequeue(out Message? message))
        {
            Rules.OnSent(message);
            _inFlight.Add(message);
            if (_inFlight.Count > InFlightMax)
                _inFlight.RemoveAt(0);
        }
    }

    private void DeliverOne(double trouble)
    {
        if (_inFlight.Count > 0)
            Deliver(_random.NextDouble() < trouble ? _random.Next(_inFlight.Count) : 0, trouble);
    }

    private void Deliver(int position, double trouble)
    {
        Message message = _inFlight[position];
        if (_random.NextDouble() >= 0.05 * trouble)
            _inFlight.RemoveAt(position); // else it comes again

        Member to = _members[message.To];
        bool arrives = to.IsUp
            && !_cuts.Contains((message.From, message.To))
            && _random.NextDouble() >= 0.05 * trouble;
        if (arrives)
        {
            QuorumWatch.OnHeard(to, message);
            to.Raft.Step(message);
            Rules.OnStep(to);
        }

        if (message.Type == MessageType.Snapshot)
            Do(_members[message.From], () => _members[message.From].Raft.ReportSnapshot(message.To, arrives));
    }

    private Member Pick() => _members[new NodeId((ulong)_random.Next(_members.Count) + 1)];
}
