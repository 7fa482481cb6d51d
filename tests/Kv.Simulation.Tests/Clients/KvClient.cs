using Kv.Simulation.Tests.Checks;
using Kv.Simulation.Tests.Hosts;
using Kv.Simulation.Tests.World;
using Kv.Store;
using Kv.Testing.Linearizability;

namespace Kv.Simulation.Tests.Clients;

/// <summary>One client: it asks for one thing at a time, and what it asked, was answered and gave up waiting for goes
/// into the history.</summary>
internal sealed class KvClient
{
    private readonly SimulatedWorld _world;
    private readonly ClientLink _link;
    private readonly History _history;
    private readonly Workload _workload;
    private readonly TimeSpan _pause;
    private readonly int _number;

    public KvClient(SimulatedWorld world, ClientLink link, History history, ClientPlan plan)
    {
        _world = world;
        _link = link;
        _history = history;
        _number = plan.Number;
        _pause = plan.Pause;
        _workload = new Workload(world, plan.Number, plan.Keys);
        _world.After(Pause(), Next);
    }

    public bool IsStopped { get; set; }

    private void Next()
    {
        if (IsStopped)
            return;
        Request request = _workload.Next(out bool isSerializable);
        Operation operation = _history.Call(_number, request, _world.Now.Ticks, isSerializable);
        Note(TraceKind.Called, operation);
        _link.Call<Outcome>(
            (process, reply) => process.Edge.Serve(request, isSerializable, reply),
            outcome => OnOutcome(operation, outcome),
            () => OnGaveUp(operation),
            () => OnRefused(operation));
    }

    private void OnOutcome(Operation operation, in Outcome outcome)
    {
        Request request = operation.Request;
        if (outcome.Answer is { } answer)
        {
            _history.Return(operation, answer, _world.Now.Ticks);
            _workload.OnAnswer(request, answer);
            Note(TraceKind.Returned, operation, answer.Revision);
        }
        else if (outcome.IsUnknown)
        {
            Note(TraceKind.GaveUp, operation, (long)outcome.Error);
        }
        else
        {
            RequireExpected(operation, outcome.Error);
            _history.Refuse(operation, _world.Now.Ticks);
            Note(TraceKind.Returned, operation, -(long)outcome.Error);
        }

        _world.After(Pause(), Next);
    }

    private void OnGaveUp(Operation operation)
    {
        Note(TraceKind.GaveUp, operation);
        Next();
    }

    private void OnRefused(Operation operation)
    {
        _history.Refuse(operation, _world.Now.Ticks);
        _world.After(Pause(), Next);
    }

    private static void RequireExpected(Operation operation, KvError error)
    {
        bool mayBeBehind = operation.IsSerializable;
        bool isExpected = error is KvError.TooManyRequests or KvError.Compacted or KvError.LeaseNotFound
            || (error == KvError.FutureRevision && mayBeBehind);
        if (!isExpected)
            throw new SimulationFailedException($"refused for no reason ({error}):\n  {operation}");
    }

    private void Note(TraceKind kind, Operation operation, long revision = 0) =>
        _world.Trace.Note(_world.Now, 0, kind, _number, revision, operation.Request);

    private TimeSpan Pause() => _pause * (2 * _world.Random.NextDouble());
}

/// <param name="Number">Names the client in histories.</param>
/// <param name="Pause">Between two requests, on average.</param>
/// <param name="Keys">How many keys there are.</param>
internal sealed record ClientPlan(int Number, TimeSpan Pause, int Keys);
