using Etcdserverpb;
using Kv.Simulation.Tests.World;
using Kv.Store;
using Cluster = Kv.Simulation.Tests.Hosts.Cluster;

namespace Kv.Simulation.Tests.Clients;

/// <summary>Has old revisions given up now and then, as a control plane does every few minutes.</summary>
internal sealed class CompactionClient
{
    private readonly SimulatedWorld _world;
    private readonly Cluster _cluster;
    private readonly ClientLink _link;
    private readonly WatchedRevisions _watched;
    private readonly TimeSpan _pause;

    public CompactionClient(
        SimulatedWorld world, Cluster cluster, ClientLink link, WatchedRevisions watched, TimeSpan pause)
    {
        _world = world;
        _cluster = cluster;
        _link = link;
        _watched = watched;
        _pause = pause;
        _world.After(_pause, Next);
    }

    public bool IsStopped { get; set; }

    private void Next()
    {
        if (IsStopped)
            return;
        long newest = _cluster.Running
            .Select(static process => process.Member.Store.Kv.CurrentRevision)
            .DefaultIfEmpty().Max();
        long revision = newest - _world.Random.Next(1, 60);
        var request = new InternalRaftRequest { Compaction = new CompactionRequest { Revision = revision } };
        if (revision > 1)
        {
            _watched.CompactAt(revision);
            _link.Call<KvError>(
                (process, reply) => process.Edge.Serve(request, (error, _) => reply(error)),
                error => _world.Trace.Note(_world.Now, 0, TraceKind.Returned, revision, (long)error, "compact"),
                static () => { },
                static () => { });
        }

        _world.After(_pause * (2 * _world.Random.NextDouble()), Next);
    }
}
