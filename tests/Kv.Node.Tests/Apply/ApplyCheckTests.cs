using Etcdserverpb;
using Kv.Node.Tests.Store;
using Kv.Store;

namespace Kv.Node.Tests.Apply;

/// <summary>What is refused of a logged request because of the state of the cluster, and what is not.</summary>
public sealed class ApplyCheckTests : IDisposable
{
    private const ulong Member = AppliedWorld.MemberId;

    private readonly AppliedWorld _world = new();

    public static TheoryData<string, InternalRaftRequest, bool, bool> Requests => new()
    {
        // What, the request, whether a corrupt cluster refuses it, whether one without space does.
        { "range", new() { Range = Some.Range("a") }, true, false },
        { "put", new() { Put = Some.Put("a") }, true, true },
        { "delete", new() { DeleteRange = Some.Delete("a") }, true, false },
        { "reading txn", new() { Txn = Some.Txn(["=a"]) }, true, false },
        { "deleting txn", new() { Txn = Some.Txn(["-a"]) }, true, false },
        { "putting txn", new() { Txn = Some.Txn(["+a"]) }, true, true },
        { "txn that could put", new() { Txn = Some.Txn(["(-a|+b)"]) }, true, true },
        { "compaction", new() { Compaction = new() { Revision = 1 } }, true, false },
        { "grant", new() { LeaseGrant = new() { ID = 5, TTL = 10 } }, true, true },
        { "revoke", new() { LeaseRevoke = new() { ID = 1 } }, true, false },
        { "checkpoint", new() { LeaseCheckpoint = new() }, false, false },
        { "alarm", new() { Alarm = new() { Action = AlarmRequest.Types.AlarmAction.Get } }, false, false },
        { "user", new() { AuthUserAdd = new() { Name = "a" } }, false, false },
        { "version", new() { ClusterVersionSet = new() { Ver = "3.6.0" } }, false, false },
    };

    public void Dispose() => _world.Dispose();

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_corrupt_cluster_serves_no_keys_and_no_leases(
        string what, InternalRaftRequest request, bool isRefused, bool _) =>
        Check(what, request, AlarmType.Corrupt, isRefused ? KvError.Corrupt : KvError.None);

    [Theory]
    [MemberData(nameof(Requests))]
    public void A_cluster_without_space_takes_nothing_that_needs_some(
        string what, InternalRaftRequest request, bool _, bool isRefused) =>
        Check(what, request, AlarmType.Nospace, isRefused ? KvError.NoSpace : KvError.None);

    [Fact]
    public void That_it_is_corrupt_is_said_before_that_it_has_no_space()
    {
        Raise(AlarmType.Nospace);
        Raise(AlarmType.Corrupt);
        Assert.Equal(KvError.Corrupt, _world.Put("a"));
        Assert.Equal(KvError.NoSpace, AfterEnding(AlarmType.Corrupt));
        Assert.Equal(KvError.None, AfterEnding(AlarmType.Nospace));

        KvError AfterEnding(AlarmType alarm)
        {
            Assert.Equal(KvError.None, Alarm(AlarmRequest.Types.AlarmAction.Deactivate, alarm));
            return _world.Put("a");
        }
    }

    [Fact]
    public void Alarms_are_raised_told_and_ended()
    {
        Raise(AlarmType.Nospace);
        Assert.Equal((Member, AlarmType.Nospace), Told().Single());
        Alarm(AlarmRequest.Types.AlarmAction.Get, AlarmType.Corrupt);
        Assert.Empty(Told());
        Alarm(AlarmRequest.Types.AlarmAction.Get, AlarmType.None);
        Assert.Equal((Member, AlarmType.Nospace), Told().Single());

        Alarm(AlarmRequest.Types.AlarmAction.Deactivate, AlarmType.Corrupt);
        Assert.Empty(Told());
        Alarm(AlarmRequest.Types.AlarmAction.Deactivate, AlarmType.Nospace);
        Assert.Equal((Member, AlarmType.Nospace), Told().Single());
        Alarm(AlarmRequest.Types.AlarmAction.Get, AlarmType.None);
        Assert.Empty(Told());

        Alarm(AlarmRequest.Types.AlarmAction.Activate, AlarmType.None); // there is no such alarm
        Assert.Empty(Told());
        Assert.Empty(_world.Store.Alarms.Raised(AlarmType.None));
    }

    private IEnumerable<(ulong Member, AlarmType Alarm)> Told() =>
        Assert.IsType<AlarmResponse>(_world.Answer).Alarms.Select(alarm => (alarm.MemberID, alarm.Alarm));

    private void Check(string what, InternalRaftRequest request, AlarmType alarm, KvError expected)
    {
        Assert.Equal(KvError.None, _world.Apply(new() { LeaseGrant = new() { ID = 1, TTL = 10 } }));
        Raise(alarm);
        Assert.True(expected == _world.Apply(request.Clone()), what);
    }

    private void Raise(AlarmType alarm) =>
        Assert.Equal(KvError.None, Alarm(AlarmRequest.Types.AlarmAction.Activate, alarm));

    private KvError Alarm(AlarmRequest.Types.AlarmAction action, AlarmType alarm) =>
        _world.Apply(new() { Alarm = new() { Action = action, Alarm = alarm, MemberID = Member } });
}
