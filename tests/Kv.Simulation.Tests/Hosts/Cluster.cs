using Kv.Simulation.Tests.Checks;
using Kv.Simulation.Tests.World;
using Kv.Store;
using Kv.Testing.Members;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>The hosts of a cluster, those that were there from the beginning and those that came later.</summary>
internal sealed class Cluster : IDisposable
{
    private readonly SimulatedWorld _world;
    private readonly HostOptions _options;
    private readonly SortedDictionary<ulong, Host> _hosts = [];

    public Cluster(SimulatedWorld world, HostOptions options, TimeSpan linkDelay, int founders)
    {
        _world = world;
        _options = options;
        Network = new SimulatedNetwork(world, linkDelay);
        ClusterMember[] members = [.. Enumerable.Range(1, founders).Select(id => MemberPlan.Member((ulong)id))];
        foreach (ClusterMember member in members)
            Add(member.Id, members).Start();
    }

    public SimulatedNetwork Network { get; }

    public ClusterRules Rules { get; } = new();

    /// <summary>All hosts whose members have not left.</summary>
    public IReadOnlyList<Host> Hosts => [.. _hosts.Values.Where(static host => !host.IsRetired)];

    /// <summary>The lives under way.</summary>
    public IReadOnlyList<MemberProcess> Running =>
        [.. Hosts.Select(static host => host.Process).OfType<MemberProcess>()];

    public Host? Find(ulong id) => _hosts.GetValueOrDefault(id);

    /// <summary>Makes a host for a member that is to join. It is to be started once the cluster knows of it.</summary>
    public Host AddJoiner() => Add(_hosts.Keys.Max() + 1, founders: []);

    /// <summary>Ends everything that is wrong with the world. What was lost stays lost.</summary>
    public void Heal()
    {
        Network.Heal();
        foreach (Host host in Hosts)
        {
            host.Disk.CapacityBytes = long.MaxValue;
            host.Disk.CrashAtOperation = null;
            host.Disk.FailNextSync = false;
            host.CrashesAtCheckpoint = false;
            host.SyncPace.Factor = 1;
            host.Clock.Rate = 1;
            host.Process?.Resume();
        }
    }

    public void Dispose()
    {
        foreach (Host host in _hosts.Values)
        {
            host.Process?.End();
            host.Disk.Dispose();
        }
    }

    private Host Add(ulong id, IReadOnlyList<ClusterMember> founders)
    {
        var host = new Host(_world, Network, Rules, new HostPlan(id, founders, _options));
        _hosts.Add(id, host);
        Network.Connect(host);
        return host;
    }
}
