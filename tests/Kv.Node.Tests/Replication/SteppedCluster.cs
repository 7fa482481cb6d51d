using Kv.Raft;
using Kv.Replication;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Replication;

/// <summary>A few members on simulated disks, in one thread. Time passes only when the test says so, and in between
/// everything happens that can.</summary>
internal sealed class SteppedCluster : IDisposable
{
    private const int StepsMax = 100_000;
    private const int TicksMax = 400;

    private readonly Dictionary<ulong, SimulatedDisk> _disks = [];
    private readonly SortedDictionary<ulong, SteppedMember> _members = [];
    private readonly ClusterMember[] _founders;
    private readonly Random _random;
    private int _lives;

    public SteppedCluster(int founders = 3, int seed = 1)
    {
        _random = new Random(seed);
        _founders = [.. Enumerable.Range(1, founders).Select(id => MemberSetup.Member((ulong)id))];
        foreach (ClusterMember founder in _founders)
            Start(founder.Id);
    }

    public MemoryNetwork Network { get; } = new();

    public IEnumerable<SteppedMember> Members => _members.Values;

    public SteppedMember this[ulong id] => _members[id];

    /// <summary>The member that leads; there must be one.</summary>
    public SteppedMember Leader => Members.First(member => member.View.IsLeader && member.View.Leader == member.Id
        && Members.All(other => other.View.Term <= member.View.Term));

    public IEnumerable<SteppedMember> Followers => Members.Where(member => !member.View.IsLeader);

    public SimulatedDisk Disk(ulong id)
    {
        if (!_disks.TryGetValue(id, out SimulatedDisk? disk))
            _disks[id] = disk = new SimulatedDisk(new Random(_random.Next()));
        return disk;
    }

    /// <summary>Starts a member: a founder, one that was there before, or a new one that joins.</summary>
    public SteppedMember Start(ulong id, bool isForced = false)
    {
        bool isFounder = _founders.Any(founder => founder.Id == id);
        var setup = new MemberSetup(id, isFounder ? _founders : [])
        {
            Network = Network.For(id),
            Life = _lives++,
            IsForced = isForced,
        };
        var member = SteppedMember.Start(Disk(id), setup);
        _members[id] = member;
        Network.Connect(member, Disk(id));
        return member;
    }

    /// <summary>The member's power goes: what was not synced may be lost.</summary>
    public void Kill(ulong id)
    {
        Network.Disconnect(new NodeId(id));
        if (_members.Remove(id, out SteppedMember? member))
            member.Dispose();
        Disk(id).Crash();
    }

    /// <summary>Lets everything happen that does not need time to pass.</summary>
    public void Settle()
    {
        for (int step = 0; step < StepsMax; step++)
        {
            bool isBusy = false;
            foreach (SteppedMember member in Members)
                isBusy |= member.Step();
            isBusy |= Network.Deliver();
            if (!isBusy)
                return;
        }

        Assert.Fail("The cluster does not come to rest.");
    }

    public void Tick(int count = 1)
    {
        for (int tick = 0; tick < count; tick++)
        {
            foreach (SteppedMember member in Members)
                member.Tick();
            Settle();
        }
    }

    /// <summary>Lets time pass until it is so.</summary>
    public void Until(Func<bool> isSo, string what)
    {
        Settle();
        for (int tick = 0; !isSo(); tick++)
        {
            Assert.True(tick < TicksMax, $"It never came to this: {what}.");
            Tick();
        }
    }

    /// <summary>Lets time pass until somebody leads, and all know it.</summary>
    public SteppedMember Elect()
    {
        Until(
            () => Members.Any(member => member.View.IsLeader)
                && Members.All(member => member.View.Leader == Leader.Id), "one leads");
        return Leader;
    }

    /// <summary>Changes the membership through a member, and returns what became of it.</summary>
    public KvError Change(SteppedMember through, ConfChangeType type, ulong member, byte[] context)
    {
        ConfProposal change = through.BeginChange(type, member, context);
        Settle();
        Assert.True(change.Done.IsCompleted, "The change was not answered.");
        return change.Done.Result;
    }

    public long Put(SteppedMember member, string key, string value)
    {
        PendingPut put = member.BeginPut(key, value);
        Settle();
        return put.Revision();
    }

    /// <summary>Lets time pass until all have applied the same, and holds their stores against each other.</summary>
    public void AssertEqual()
    {
        Until(
            () => Members.All(member => member.View.Applied == Leader.View.Committed
                && member.View.Applied == Leader.View.Applied), "all are as far as the leader");
        foreach (SteppedMember member in Members)
        {
            Assert.Equal(Leader.Store.Kv.CurrentRevision, member.Store.Kv.CurrentRevision);
            Assert.Equal(Leader.Hash(), member.Hash());
            Assert.Equal(Leader.Store.Members.Members.Select(Text), member.Store.Members.Members.Select(Text));
            Assert.Equal(Leader.Status.Conf, member.Status.Conf);
        }
    }

    public void Dispose()
    {
        foreach (SteppedMember member in Members)
            member.Dispose();
        foreach (SimulatedDisk disk in _disks.Values)
            disk.Dispose();
    }

    private static string Text(ClusterMember member) =>
        $"{member.Id} {member.Name} {member.IsLearner} {string.Join(',', member.PeerUrls)}";
}
