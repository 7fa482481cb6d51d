using Etcdserverpb;
using Kv.Simulation.Tests.Hosts;
using Kv.Simulation.Tests.World;
using Kv.Store;
using Kv.Testing.Linearizability;
using Request = Kv.Testing.Linearizability.Request;

namespace Kv.Simulation.Tests.Clients;

/// <summary>A client that holds a lease, hangs keys on it, keeps it alive for a while, and then revokes it or leaves it
/// to its end; and then does so again with another. The keys go at the latest when the end was acknowledged.</summary>
internal sealed class LeaseClient
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(300);

    private readonly SimulatedWorld _world;
    private readonly ClientLink _link;
    private readonly History _history;
    private readonly Workload _workload;
    private readonly int _number;
    private long _lease;

    public LeaseClient(SimulatedWorld world, ClientLink link, History history, ClientPlan plan)
    {
        _world = world;
        _link = link;
        _history = history;
        _number = plan.Number;
        _lease = plan.Number * 1_000_000L;
        _workload = new Workload(world, plan.Number, plan.Keys);
        _world.After(Pause, Grant);
    }

    public bool IsStopped { get; set; }

    private void Grant()
    {
        if (IsStopped)
            return;
        _lease++;

        // It can end by itself from the moment it exists.
        _history.Call(_number, Request.EndLease(_lease), _world.Now.Ticks);
        var request = new LeaseGrantRequest { ID = _lease, TTL = _world.Random.Next(1, 6) };
        _world.Trace.Note(_world.Now, 0, TraceKind.Called, _number, _lease, "grant");
        Ask(new InternalRaftRequest { LeaseGrant = request }, (_, _) => Use());
    }

    private void Use()
    {
        if (IsStopped)
            return;
        switch (_world.Random.Next(10))
        {
            case < 4:
                Put();
                break;
            case < 7:
                KeepAlive();
                break;
            case 7:
                Revoke();
                break;
            case 8:
                _world.After(Pause * 10, Grant);
                break;
            default:
                _world.After(Pause, Use);
                break;
        }
    }

    private void Put()
    {
        var request = Request.Put(_workload.Key(), _workload.Value(), _lease);
        Operation operation = _history.Call(_number, request, _world.Now.Ticks);
        _link.Call<Outcome>(
            (process, reply) => process.Edge.Serve(request, isSerializable: false, reply),
            outcome => OnPut(operation, outcome),
            () => _world.After(Pause, Use),
            () => Refused(operation));
    }

    private void OnPut(Operation operation, in Outcome outcome)
    {
        if (outcome.Answer is { } answer)
            _history.Return(operation, answer, _world.Now.Ticks);
        else if (!outcome.IsUnknown)
            _history.Refuse(operation, _world.Now.Ticks);
        bool isGone = outcome.Error == KvError.LeaseNotFound;
        _world.Trace.Note(_world.Now, 0, TraceKind.Returned, _number, (long)outcome.Error, operation.Request);
        _world.After(Pause, isGone ? Grant : Use);
    }

    private void Refused(Operation operation)
    {
        _history.Refuse(operation, _world.Now.Ticks);
        _world.After(Pause, Use);
    }

    private void KeepAlive()
    {
        long lease = _lease;
        _link.Call<long?>(
            (process, reply) => reply(process.Edge.KeepAlive(lease)),
            ttl => _world.After(Pause, ttl == 0 ? Grant : Use),
            () => _world.After(Pause, Use),
            () => _world.After(Pause, Use));
    }

    private void Revoke()
    {
        long lease = _lease;
        Ask(new InternalRaftRequest { LeaseRevoke = new LeaseRevokeRequest { ID = lease } }, (error, revision) =>
        {
            if (error == KvError.None)
                _history.EndLease(lease, revision, _world.Now.Ticks);
            _world.Trace.Note(_world.Now, 0, TraceKind.Returned, _number, revision, "revoke");
            _world.After(Pause, Grant);
        });
    }

    // Whatever goes wrong, it goes on with what it then has.
    private void Ask(InternalRaftRequest request, Action<KvError, long> answered) =>
        _link.Call<(KvError Error, long Revision)>(
            (process, reply) => process.Edge.Serve(request, (error, revision) => reply((error, revision))),
            answer => answered(answer.Error, answer.Revision),
            () => _world.After(Pause, Use),
            () => _world.After(Pause, Use));
}
