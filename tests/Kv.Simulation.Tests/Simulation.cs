using Kv.Simulation.Tests.Checks;
using Kv.Simulation.Tests.Clients;
using Kv.Simulation.Tests.Faults;
using Kv.Simulation.Tests.Hosts;
using Kv.Simulation.Tests.World;
using Kv.Testing.Linearizability;

namespace Kv.Simulation.Tests;

/// <summary>One run: members, clients and faults for a while; then everything is healed, the members settle, and all
/// that was seen is judged.</summary>
internal sealed class Simulation : IDisposable
{
    // In one run of so many the members hear at once when another's process has ended.
    private const int RefusingEvery = 4;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly SimulatedWorld _world;
    private readonly SimulationPlan _plan;
    private readonly History _history = new();
    private readonly Cluster _cluster;
    private readonly WatchedRevisions _watched;
    private readonly ClientLink _link;
    private readonly FaultMaker _faults;
    private readonly List<KvClient> _clients = [];
    private readonly List<WatchingClient> _watchers = [];
    private readonly List<Action> _stops = [];
    private readonly MembershipClient _members;

    private Simulation(int seed)
    {
        _world = new SimulatedWorld(seed);
        _plan = SimulationPlan.Draw(_world.Random);
        HostOptions hosts = _plan.Hosts with { RefusesWhenEnded = seed % RefusingEvery == RefusingEvery - 1 };
        _cluster = new Cluster(_world, hosts, _plan.LinkDelay, _plan.Founders);
        _watched = new WatchedRevisions(_history);
        _link = new ClientLink(_world, _cluster);
        _faults = new FaultMaker(_world, _cluster, _link, _plan.FaultKinds, _plan.FaultPause);
        _members = new MembershipClient(_world, _cluster, _link)
        {
            IsStopped = !_plan.ChangesMembers,
            IsHasty = _plan.ChangesTwoAtOnce,
            Asking = _faults.OnChangeAsked,
        };
        AddClients();
    }

    /// <summary>Runs a seed to its end.</summary>
    /// <exception cref="SimulationFailedException">With the seed, the finding and the end of the trace.</exception>
    public static SimulationReport Run(int seed, int traceLines = 60)
    {
        using var simulation = new Simulation(seed);
        try
        {
            return simulation.Run();
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            throw new SimulationFailedException(
                $"seed {seed}, at {simulation._world.Now.TotalSeconds:F6} s of {simulation._plan}:\n"
                + string.Join('\n', simulation._world.Trace.Last(traceLines))
                + $"\nseed {seed}: {(fault is SimulationFailedException ? fault.Message : fault)}\n"
                + $"again: dotnet run -c Release --project tests/Kv.Simulation.Tests -- --seed {seed} --trace 4000");
        }
    }

    public void Dispose() => _cluster.Dispose();

    private void AddClients()
    {
        int number = 0;
        for (int client = 0; client < _plan.Clients; client++)
        {
            var added = new KvClient(
                _world, _link, _history, new ClientPlan(++number, _plan.ClientPause, _plan.Keys));
            _clients.Add(added);
            _stops.Add(() => added.IsStopped = true);
        }

        for (int watcher = 0; watcher < _plan.Watchers; watcher++)
            _watchers.Add(new WatchingClient(_world, _cluster, _watched, ++number, moveChance: 0.02));
        if (_plan.HasLeases)
        {
            var leases = new LeaseClient(
                _world, _link, _history, new ClientPlan(++number, _plan.ClientPause, _plan.Keys));
            _stops.Add(() => leases.IsStopped = true);
        }

        if (_plan.Compacts)
        {
            var compactions = new CompactionClient(
                _world, _cluster, _link, _watched, TimeSpan.FromSeconds(2));
            _stops.Add(() => compactions.IsStopped = true);
        }

        _stops.Add(() => _members.IsStopped = true);
    }

    private SimulationReport Run()
    {
        _world.RunFor(_plan.Duration);
        _faults.Stop();
        _stops.ForEach(static stop => stop());
        var settlement = new Settlement(_world, _cluster, _members);
        settlement.Reach();
        if (_plan.EndsWithCrash)
        {
            foreach (Host host in _cluster.Hosts)
                host.Crash();
            settlement.Reach();
        }

        ReadEverything();
        settlement.RequireEqual();
        RequireWatched();
        Verdict verdict = LinearizabilityCheck.Run(_history);
        if (!verdict.IsLinearizable)
            throw new SimulationFailedException($"{verdict.Kind}: {verdict.Finding}");
        return Report();
    }

    /// <summary>What was acknowledged must be there now, through whomever it is read.</summary>
    private void ReadEverything()
    {
        int open = 0;
        foreach (MemberProcess process in _cluster.Running)
        {
            for (int key = 0; key < _plan.Keys; key++)
            {
                var request = Request.Get(Workload.KeyOf(key));
                Operation operation = _history.Call(0, request, _world.Now.Ticks);
                open++;
                process.Do(() => process.Edge.Serve(request, isSerializable: false, outcome =>
                {
                    if (outcome.Answer is { } answer)
                        _history.Return(operation, answer, _world.Now.Ticks);
                    open--;
                }));
            }
        }

        if (!_world.RunUntil(() => open == 0, Look, Patience))
            throw new SimulationFailedException($"{open} reads of a healthy cluster were not answered");
    }

    /// <summary>Watchers have been told of everything in the end, and it is what the stores hold.</summary>
    private void RequireWatched()
    {
        long current = _cluster.Running[0].Member.Store.Kv.CurrentRevision;
        bool areDone = _world.RunUntil(
            () => _watchers.TrueForAll(watcher => watcher.Next > current), Look, Patience);
        if (!areDone)
        {
            string reached = string.Join(", ", _watchers.Select(static watcher => watcher.Next - 1));
            throw new SimulationFailedException($"watchers were told up to {reached}, but the store is at {current}");
        }
    }

    private SimulationReport Report() => new(
        _world.Seed,
        _world.Trace.Hash,
        _world.Now,
        _world.EventCount,
        _history.Operations.Count,
        _history.Operations.Count(static operation => operation.Answer is not null),
        _cluster.Running[0].Member.Store.Kv.CurrentRevision,
        _cluster.Rules.LedTerms,
        _faults.Count,
        _cluster.Network.SnapshotsSent,
        _members.Changes);
}
