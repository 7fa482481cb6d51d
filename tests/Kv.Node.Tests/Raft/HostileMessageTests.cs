using Kv.Raft;
using Kv.Testing;

namespace Kv.Node.Tests.Raft;

public sealed class HostileMessageTests
{
    /// <summary>No message, however senseless, ends the process, save by the one exception that says that promises were
    /// broken; and that one is for messages that claim so.</summary>
    [Theory]
    [Seeds(100)]
    public void Senseless_messages_do_no_harm(int seed)
    {
        var random = new Random(seed);
        Member member = NewMember(random);
        for (int step = 0; step < 500; step++)
        {
            try
            {
                member.Raft.Step(Senseless(random));
                if (random.Next(20) == 0)
                    member.Raft.Campaign();
                member.Raft.Propose(new byte[random.Next(5)]);
            }
            catch (RaftSafetyException)
            {
                member = NewMember(random);
            }

            member.Take();
            while (member.HasUnwritten)
                member.Persist();
            while (member.CanApply)
                member.Apply();
        }
    }

    private static Member NewMember(Random random)
    {
        var conf = ConfState.OfVoters(new NodeId(1), new NodeId(2), new NodeId(3));
        return new Member(
            new NodeId(1),
            id => new RaftOptions { Id = id, Random = random, CheckQuorum = random.Next(2) == 0 },
            new RestoredState { Conf = conf });
    }

    private static Message Senseless(Random random) => new()
    {
        Type = (MessageType)random.Next(-1, 25),
        From = new NodeId((ulong)random.Next(5)),
        To = new NodeId(1),
        Term = Number(random),
        LogTerm = Number(random),
        Index = Number(random),
        Commit = Number(random),
        RejectHint = Number(random),
        Reject = random.Next(2) == 0,
        Context = new byte[random.Next(10)],
        Entries = Enumerable.Range(0, random.Next(4)).Select(_ => SenselessEntry(random)).ToArray(),
        Snapshot = random.Next(2) == 0 ? null : SenselessSnapshot(random),
    };

    private static Entry SenselessEntry(Random random)
    {
        byte[] data = new byte[random.Next(4)];
        return new Entry(new EntryId(Number(random), Number(random)), EntryType.Normal, data);
    }

    private static Snapshot SenselessSnapshot(Random random) =>
        new(new EntryId(Number(random), Number(random)), ConfState.OfVoters(new NodeId((ulong)random.Next(1, 4))));

    private static ulong Number(Random random) =>
        random.Next(50) == 0 ? ulong.MaxValue - (ulong)random.Next(3) : (ulong)random.Next(8);
}
