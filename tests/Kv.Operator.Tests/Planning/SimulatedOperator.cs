using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Planning;

/// <summary>The reconciler's loop, less its API: looks (now and then at old news), plans, looks again before it acts,
/// writes its intent and acts; and may die between any two of these, or be told that what it did has failed.</summary>
public sealed class SimulatedOperator(SimulatedCluster world, Random random)
{
    private const int HistoryMax = 60;

    private readonly Queue<string> _history = new();
    private FoundCluster? _earlier;
    private ClusterAction? _last;
    private bool _isReliable;

    public string History => string.Join('\n', _history);

    public void FailsNoMore() => _isReliable = true;

    public ClusterAction Step()
    {
        bool isStale = !_isReliable && random.Next(4) == 0;
        FoundCluster found = Look(isStale);
        ClusterAction action = ClusterPlan.Next(world.Wanted, found);
        if (!action.IsPassive && isStale)
        {
            // What is done is only done on what the API says now.
            found = Look(isStale: false);
            action = ClusterPlan.Next(world.Wanted, found);
        }

        Remember(action);
        if (action.IsPassive || Dies())
            return action;
        world.Record = action.Intend(world.Record, world.Now);
        if (Dies())
            return action;
        world.Execute(action);
        return action;
    }

    private FoundCluster Look(bool isStale)
    {
        FoundCluster found = world.Look(isStale, _earlier);
        _earlier = found;
        world.Record = RecordTimers.Refresh(world.Wanted, found);
        return found with { Record = world.Record };
    }

    private bool Dies() => !_isReliable && random.Next(10) == 0;

    private void Remember(ClusterAction action)
    {
        if (action == _last)
            return;
        _last = action;
        _history.Enqueue($"{world.Now:HH:mm:ss} {action}");
        if (_history.Count > HistoryMax)
            _history.Dequeue();
    }
}
