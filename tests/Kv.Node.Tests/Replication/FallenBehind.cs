using Kv.Raft;
using Kv.Store;

namespace Kv.Node.Tests.Replication;

/// <summary>A cluster one of whose followers is cut off, alive, and misses more than the others' logs go back. Once
/// healed it can only be brought up by a snapshot.</summary>
internal sealed class FallenBehind : IDisposable
{
    // A member of these tests shortens its log after 20 entries and keeps 5 of those.
    private const int MissedPuts = 60;

    public FallenBehind(int seed = 1)
    {
        Cluster = new SteppedCluster(seed: seed);
        Leader = Cluster.Elect();
        for (int put = 0; put < 10; put++)
            Cluster.Put(Leader, $"key{put}", "old");
        Id = Cluster.Followers.First().Id.Value;
    }

    public SteppedCluster Cluster { get; }

    public SteppedMember Leader { get; private set; }

    public ulong Id { get; }

    /// <summary>The follower, in the life that it is in.</summary>
    public SteppedMember Follower => Cluster[Id];

    /// <summary>Lets the others go on without it.</summary>
    public void Miss(Action<SteppedMember>? also = null)
    {
        foreach (SteppedMember other in Cluster.Members.Where(member => member.Id.Value != Id))
            Cluster.Network.Cut(other.Id, new NodeId(Id));
        Cluster.Tick(25); // until it knows of no leader
        Leader = Cluster.Members.Single(member => member.View.IsLeader);
        also?.Invoke(Leader);
        for (int put = 0; put < MissedPuts; put++)
            Cluster.Put(Leader, $"key{put % 15}", $"{put}");
    }

    /// <summary>Lets it hear of the others again, until it is as far as they are.</summary>
    public void CatchUp()
    {
        Cluster.Network.Heal();
        Cluster.Until(
            () => Follower.View.Applied == Leader.View.Applied && Follower.View.Leader == Leader.Id,
            "the follower has caught up");
    }

    /// <summary>Applies a request through the leader.</summary>
    public void Apply(Etcdserverpb.InternalRaftRequest request)
    {
        Task<KvError> outcome = Leader.Begin(request);
        Cluster.Settle();
        Assert.Equal(KvError.None, outcome.WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult());
    }

    public void Dispose() => Cluster.Dispose();
}
