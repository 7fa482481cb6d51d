using System.Globalization;
using System.Text;
using Kv.Raft;
using Kv.Testing;

namespace Kv.Node.Tests.Raft;

/// <summary>Plays the commands of the transcripts: a cluster of nodes in which nothing happens but what a command says,
/// and every message, write and application is told.</summary>
internal sealed class RaftScript
{
    private const int RoundsMax = 1000;

    private readonly SortedDictionary<NodeId, Member> _members = [];
    private readonly HashSet<(NodeId From, NodeId To)> _cuts = [];
    private readonly List<Message> _wire = [];
    private readonly StringBuilder _told = new();
    private readonly Dictionary<NodeId, int> _jitter = [];
    private Command _settings = Command.Parse("none");

    public string Answer(Command command)
    {
        _told.Clear();
        try
        {
            Play(command);
        }
        catch (RaftSafetyException e)
        {
            Tell($"stops: {e.Message}");
        }

        return _told.ToString();
    }

    private void Play(Command command)
    {
        switch (command.Verb)
        {
            case "cluster":
                StartCluster(command);
                break;
            case "node":
                StartNode(command);
                break;
            case "jitter":
                foreach (Member member in Named(command))
                    _jitter[member.Id] = (int)command.Number("ticks");
                break;
            case "pass":
                Pass(command);
                break;
            case "settle":
                Settle(isQuiet: command.Has("quiet"));
                break;
            case "deliver":
                Deliver(Matching(command), isLost: false);
                break;
            case "lose":
                Deliver(Matching(command), isLost: true);
                break;
            case "cut":
                Cut(command);
                break;
            case "heal":
                _cuts.Clear();
                break;
            case "message":
                Tell(RaftWords.Describe(RaftWords.Parse(command)));
                Member(command.Number("to")).Raft.Step(RaftWords.Parse(command));
                break;
            default:
                foreach (Member member in Named(command))
                    Play(command, member);
                break;
        }
    }

    private void Play(Command command, Member member)
    {
        switch (command.Verb)
        {
            case "campaign":
                TellUnless(member.Raft.Campaign(), "may not campaign");
                break;
            case "tick":
                Tick(member, (int)command.Number("times", 1));
                break;
            case "propose":
                Propose(command, member);
                break;
            case "change":
                TellOutcome(RaftWords.Propose(command, member.Raft));
                break;
            case "read":
                TellUnless(member.Raft.ReadIndex(command.Number("context")), "has nobody to ask");
                break;
            case "transfer":
                member.Raft.TransferLeader(new NodeId(command.Number("to")));
                break;
            case "take":
                Take(member);
                break;
            case "persist":
                Persist(member);
                break;
            case "apply":
                Apply(member);
                break;
            case "compact":
                member.Compact(command.Number("index"));
                break;
            case "crash":
                member.Crash();
                _wire.RemoveAll(message => message.From == member.Id);
                break;
            case "restart":
                member.Restart();
                break;
            case "unreachable":
                member.Raft.ReportUnreachable(new NodeId(command.Number("peer")));
                break;
            case "refused":
                member.Raft.ReportRefused(new NodeId(command.Number("peer")));
                break;
            case "snapshot-sent":
                member.Raft.ReportSnapshot(new NodeId(command.Number("to")), isSuccess: !command.Has("failed"));
                break;
            case "status":
                Tell(member.ToString());
                break;
            case "log":
                Tell($"{member.Id} log {RaftWords.Log(member.Disk)}");
                break;
            case "conf":
                Tell($"{member.Id} {member.Raft.Conf}");
                break;
            case "progress":
                foreach (PeerStatus peer in member.Raft.Status.Peers)
                    Tell(RaftWords.Describe(peer));
                break;
            default:
                throw new InvalidDataException($"No command '{command.Line}'.");
        }
    }

    private void StartCluster(Command command)
    {
        _settings = command;
        _members.Clear();
        _cuts.Clear();
        RestoredState founder = RaftWords.Founder(command);
        ConfState conf = founder.Conf;
        foreach (NodeId id in conf.Voters.Concat(conf.Learners).Concat(conf.VotersOutgoing).Distinct())
            Start(id, founder);
    }

    private void StartNode(Command command)
    {
        if (command.Has("voters"))
            _settings = command;
        Start(new NodeId(command.Number("id")), RaftWords.Restored(command));
    }

    private void Start(NodeId id, RestoredState restored)
    {
        _wire.RemoveAll(message => message.From == id || message.To == id);
        _members[id] = new Member(
            id,
            node => RaftWords.Options(_settings, node, new FixedRandom(() => Jitter(node))),
            restored);
    }

    private int Jitter(NodeId id) => _jitter.GetValueOrDefault(id);

    private static void Tick(Member member, int times)
    {
        for (int i = 0; i < times; i++)
            member.Raft.Tick();
    }

    private void Propose(Command command, Member member)
    {
        foreach (string text in command.Words.Skip(1))
        {
            byte[] data = command.Has("bytes") ? new byte[command.Number("bytes")] : Encoding.UTF8.GetBytes(text);
            TellOutcome(member.Raft.Propose(data, tag: text));
        }
    }

    private bool Take(Member member)
    {
        Output? output = member.Take();
        if (output is null)
            return false;

        RaftWords.Describe(_told, member, output);
        TellSent(member);
        return true;
    }

    private void TellSent(Member member)
    {
        while (member.Sent.TryDequeue(out Message? message))
        {
            Tell(RaftWords.Describe(message));
            _wire.Add(message);
        }
    }

    private void Persist(Member member)
    {
        if (!member.HasUnwritten)
        {
            Tell($"{member.Id} has nothing to write");
            return;
        }

        // Those without a number, which nobody waits for, go along.
        ulong number = 0;
        while (number == 0 && member.HasUnwritten)
            number = member.Persist().WriteNumber;
        if (number != 0)
            Tell($"{member.Id} persisted {number}");
        TellSent(member);
    }

    private void Apply(Member member)
    {
        if (member.CanApply)
            RaftWords.DescribeApplied(_told, member, member.Apply());
        else
            Tell($"{member.Id} has nothing to apply");
    }

    private void Settle(bool isQuiet)
    {
        int start = _told.Length;
        for (int round = 0; StepAll(); round++)
            Assert.True(round < RoundsMax, "The cluster does not come to rest.");
        if (isQuiet)
            _told.Length = start;
    }

    /// <summary>Time passes for the named, with all that follows from each tick.</summary>
    private void Pass(Command command)
    {
        for (ulong i = 0; i < command.Number("ticks"); i++)
        {
            foreach (Member member in Named(command))
                member.Raft.Tick();
            Settle(command.Has("quiet"));
        }
    }

    private bool StepAll()
    {
        bool any = false;
        foreach (Member member in _members.Values.Where(member => member.IsUp))
        {
            any |= Take(member);
            while (member.HasUnwritten)
                Persist(member);
            while (member.CanApply)
                Apply(member);
        }

        any |= _wire.Count > 0;
        Deliver([.. _wire], isLost: false);
        return any;
    }

    private void Deliver(IReadOnlyList<Message> messages, bool isLost)
    {
        foreach (Message message in messages)
        {
            _wire.Remove(message);
            bool arrives = !isLost
                && !_cuts.Contains((message.From, message.To))
                && _members.TryGetValue(message.To, out Member? to)
                && to.IsUp;
            if (arrives)
                _members[message.To].Raft.Step(message);
            else
                Tell($"lost {RaftWords.Describe(message)}");
        }
    }

    private Message[] Matching(Command command) =>
    [
        .. _wire.Where(message =>
            (!command.Has("from") || message.From.Value == command.Number("from"))
            && (!command.Has("to") || message.To.Value == command.Number("to"))
            && (!command.Has("type") || $"{message.Type}" == command.Text("type"))),
    ];

    private void Cut(Command command)
    {
        foreach (Member one in Named(command))
        {
            foreach (Member other in _members.Values.Where(other => other != one && IsOtherSide(command, other)))
            {
                _cuts.Add((one.Id, other.Id));
                _cuts.Add((other.Id, one.Id));
            }
        }
    }

    private static bool IsOtherSide(Command command, Member other) =>
        !command.Has("from") || command.Numbers("from").Contains(other.Id.Value);

    private Member Member(ulong id) => _members[new NodeId(id)];

    private IEnumerable<Member> Named(Command command) =>
        command.Words[0].Split(',').Select(id => Member(ulong.Parse(id, CultureInfo.InvariantCulture)));

    private void Tell(string line) => _told.Append(line).Append('\n');

    private void TellOutcome(ProposeOutcome outcome) =>
        TellUnless(outcome is ProposeOutcome.Appended or ProposeOutcome.Forwarded, $"refused: {outcome}");

    private void TellUnless(bool isSo, string line)
    {
        if (!isSo)
            Tell(line);
    }
}
