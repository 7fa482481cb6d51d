using System.Diagnostics.CodeAnalysis;
using Kv.Storage;

namespace Kv.Replication;

/// <summary>One thread that does what is posted to it, in order. What is posted is a batch, not a request, so a lock
/// around the queue is cheap. The queue has no bound of its own, because each of its posters has one: the replica
/// takes no more requests than its inbox and the log's uncommitted limit allow, and the store seals no batch while two
/// wait to be committed. A failure of the work ends the lane and is told to the owner, which ends the
/// process.</summary>
public sealed class ThreadLane : ILane, IDisposable
{
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _arrived = new(0);
    private readonly Queue<Action> _waiting = new();
    private readonly Action<string, Exception> _onFault;
    private readonly Thread _thread;
    private volatile bool _stopping;

    public ThreadLane(string name, Action<string, Exception> onFault)
    {
        _onFault = onFault;
        _thread = new Thread(Run) { Name = name, IsBackground = true };
        _thread.Start();
    }

    public void Post(Action work)
    {
        lock (_gate)
            _waiting.Enqueue(work);
        _arrived.Release();
    }

    /// <summary>Does what was posted before, then ends the thread.</summary>
    public void Dispose()
    {
        if (_stopping)
            return;
        _stopping = true;
        _arrived.Release();
        if (Thread.CurrentThread != _thread)
            _thread.Join();
        _arrived.Dispose();
    }

    [SuppressMessage(
        "Design", "CA1031", Justification = "The top of a lane: whatever happened, the owner must hear of it.")]
    private void Run()
    {
        try
        {
            while (true)
            {
                _arrived.Wait();
                Action? work;
                lock (_gate)
                    _ = _waiting.TryDequeue(out work);
                if (work is null && _stopping)
                    return;
                if (work is null)
                    continue;
                work();
            }
        }
        catch (Exception fault)
        {
            _onFault(_thread.Name!, fault);
        }
    }
}
