using System.Diagnostics.CodeAnalysis;
using Kv.Storage.Log;

namespace Kv.Replication;

/// <summary>The thread that owns the write-ahead log. It takes whatever gathered during the last sync as the next
/// batch: the busier the node, the larger the batches, with no timer to tune. A failed write or sync ends the lane and
/// with it the process, since a retried sync proves nothing.</summary>
public sealed class LogLane : ILog, IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private readonly TurnWriter _writer;
    private readonly Inbox _inbox;
    private readonly Action<string, Exception> _onFault;
    private readonly ITurnObserver? _observer;
    private readonly Thread _thread;
    private List<Turn> _waiting = [];
    private List<Action<LogWriter>> _tasks = [];
    private bool _isSleeping;
    private bool _isStopping;

    public LogLane(
        TurnWriter writer, Inbox inbox, Action<string, Exception> onFault, ITurnObserver? observer = null)
    {
        _writer = writer;
        _inbox = inbox;
        _onFault = onFault;
        _observer = observer;
        _thread = new Thread(Run) { Name = "log", IsBackground = true };
        _thread.Start();
    }

    public void Persist(Turn turn)
    {
        lock (_gate)
        {
            _waiting.Add(turn);
            Wake();
        }
    }

    public void Post(Action<LogWriter> task)
    {
        lock (_gate)
        {
            _tasks.Add(task);
            Wake();
        }
    }

    /// <summary>Writes what was posted before, then closes the log.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _isStopping = true;
            Wake();
        }

        _thread.Join();
        _writer.Log.Dispose();
    }

    private void Wake()
    {
        if (_isSleeping)
            _wake.Release();
        _isSleeping = false;
    }

    [SuppressMessage(
        "Design", "CA1031", Justification = "The top of a lane: whatever happened, the owner must hear of it.")]
    private void Run()
    {
        try
        {
            List<Turn> batch = [];
            List<Action<LogWriter>> tasks = [];
            while (TakeAll(ref batch, ref tasks))
            {
                Write(batch);
                foreach (Action<LogWriter> task in tasks)
                    task(_writer.Log);
                batch.Clear();
                tasks.Clear();
            }
        }
        catch (Exception fault)
        {
            _onFault("log", fault);
        }
    }

    private bool TakeAll(ref List<Turn> batch, ref List<Action<LogWriter>> tasks)
    {
        while (true)
        {
            lock (_gate)
            {
                if (_waiting.Count > 0 || _tasks.Count > 0)
                {
                    (batch, _waiting) = (_waiting, batch);
                    (tasks, _tasks) = (_tasks, tasks);
                    return true;
                }

                if (_isStopping)
                    return false;
                _isSleeping = true;
            }

            _wake.Wait();
        }
    }

    private void Write(List<Turn> batch)
    {
        if (batch.Count == 0)
            return;

        _observer?.OnWriting(batch);
        bool mustSync = false;
        foreach (Turn turn in batch)
        {
            _writer.Append(turn);
            mustSync |= turn.Output.MustSync;
        }

        // What need not be durable goes to the disk with what must be.
        if (mustSync)
            _writer.Log.Sync();
        _observer?.OnWritten(batch);
        foreach (Turn turn in batch)
            _inbox.Post(ReplicaEvent.Persisted(turn));
    }
}
