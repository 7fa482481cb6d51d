using Kv.Replication;
using Kv.Simulation.Tests.World;
using Kv.Storage.Log;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>The log lane in simulated time: what has gathered is written, and some time later synced and reported, as
/// <see cref="LogLane"/> does. A crash in between finds it written and not synced.</summary>
internal sealed class SimulatedLog(MemberProcess process, TurnWriter writer, Inbox inbox, Pace sync) : ILog
{
    private const double EarlyWriteChance = 0.5;

    private List<Turn> _waiting = [];
    private List<Turn> _batch = [];
    private List<Action<LogWriter>> _waitingTasks = [];
    private List<Action<LogWriter>> _tasks = [];
    private bool _isBusy;

    public void Persist(Turn turn)
    {
        _waiting.Add(turn);
        Wake();
    }

    public void Post(Action<LogWriter> task)
    {
        _waitingTasks.Add(task);
        Wake();
    }

    private void Wake()
    {
        if (_isBusy)
            return;
        _isBusy = true;
        process.After(process.Step(), Begin);
    }

    private void Begin()
    {
        (_batch, _waiting) = (_waiting, _batch);
        (_tasks, _waitingTasks) = (_waitingTasks, _tasks);
        bool mustSync = _tasks.Count > 0;
        foreach (Turn turn in _batch)
        {
            writer.Append(turn);
            mustSync |= turn.Output.MustSync;
        }

        // A large write reaches the file before it is synced; let a small one do so too.
        if (process.HasChance(EarlyWriteChance))
            writer.Log.Flush();
        process.After(mustSync ? sync.Draw() : process.Step(), Finish);
    }

    private void Finish()
    {
        bool mustSync = false;
        foreach (Turn turn in _batch)
            mustSync |= turn.Output.MustSync;
        if (mustSync)
            writer.Log.Sync();
        foreach (Turn turn in _batch)
            inbox.Post(ReplicaEvent.Persisted(turn));
        foreach (Action<LogWriter> task in _tasks)
            task(writer.Log);

        bool hasSnapshot = _tasks.Count > 0 || _batch.Exists(static turn => turn.Output.Snapshot is not null);
        process.OnSynced(_batch.Count, hasSnapshot);
        _batch.Clear();
        _tasks.Clear();
        _isBusy = false;
        if (_waiting.Count > 0 || _waitingTasks.Count > 0)
            Wake();
    }
}
