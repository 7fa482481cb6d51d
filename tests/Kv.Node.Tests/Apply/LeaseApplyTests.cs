using Etcdserverpb;
using Kv.Store;
using Kv.Store.Leases;
using Checkpoint = Etcdserverpb.LeaseCheckpoint;

namespace Kv.Node.Tests.Apply;

/// <summary>Requests about leases, as they come out of the log.</summary>
public sealed class LeaseApplyTests : IDisposable
{
    private readonly AppliedWorld _world = new();

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_lease_ends_with_all_its_keys_in_one_revision()
    {
        Grant(1, ttl: 100);
        foreach (string key in (string[])["c", "a", "b"])
            Assert.Equal(KvError.None, _world.Put(key, lease: 1));
        _world.Put("d");
        long before = _world.Store.Kv.CurrentRevision;

        Assert.Equal(KvError.None, Revoke(1));
        Assert.Equal(before + 1, _world.Store.Kv.CurrentRevision);
        Assert.Equal(1, _world.Store.Kv.KeyCount);
        Assert.Equal(KvError.LeaseNotFound, Revoke(1));
        Assert.Equal(KvError.LeaseNotFound, _world.Put("a", lease: 1));
        _world.Restart();
        Assert.Equal(0, _world.Store.Leases.Count);
        Assert.Equal(1, _world.Store.Kv.KeyCount);
    }

    [Fact]
    public void What_is_granted_is_told()
    {
        Grant(3, ttl: 1); // raised to the least
        LeaseGrantResponse answer = Assert.IsType<LeaseGrantResponse>(_world.Answer);
        Assert.Equal((3, 2), (answer.ID, answer.TTL));
        Assert.Equal(KvError.LeaseExists, _world.Apply(new() { LeaseGrant = new() { ID = 3, TTL = 10 } }));
        Assert.Equal(KvError.LeaseNotFound, _world.Apply(new() { LeaseGrant = new() { ID = 0, TTL = 10 } }));
        Assert.Equal(
            KvError.LeaseTtlTooLarge,
            _world.Apply(new() { LeaseGrant = new() { ID = 4, TTL = LeaseBook.TtlMax + 1 } }));
        Grant(4, LeaseBook.TtlMax);
    }

    /// <summary>Older members do not store them, and what members store must be the same.</summary>
    [Theory]
    [InlineData("", 0)]
    [InlineData("3.5.0", 0)]
    [InlineData("3.6.0", 40)]
    [InlineData("3.10.0", 40)]
    [InlineData("4.0.0", 40)]
    public void A_checkpoint_is_stored_once_all_members_do(string version, long remaining)
    {
        Grant(1, ttl: 100);
        if (version.Length > 0)
            _world.Apply(new() { ClusterVersionSet = new() { Ver = version } });
        var checkpoint = new LeaseCheckpointRequest();
        checkpoint.Checkpoints.Add(new Checkpoint { ID = 2, RemainingTTL = 7 }); // of one that is gone
        checkpoint.Checkpoints.Add(new Checkpoint { ID = 1, RemainingTTL = 40 });
        Assert.Equal(KvError.None, _world.Apply(new() { LeaseCheckpoint = checkpoint }));
        Assert.Equal(40, Remaining());
        _world.Restart();
        Assert.Equal(remaining, Remaining());
    }

    private long Remaining()
    {
        Assert.True(_world.Store.Leases.TryFind(1, out Kv.Store.Leases.Lease? lease));
        return lease.RemainingTtl;
    }

    private void Grant(long id, long ttl) =>
        Assert.Equal(KvError.None, _world.Apply(new() { LeaseGrant = new() { ID = id, TTL = ttl } }));

    private KvError Revoke(long id) => _world.Apply(new() { LeaseRevoke = new() { ID = id } });
}
