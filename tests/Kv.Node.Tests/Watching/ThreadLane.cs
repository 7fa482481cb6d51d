using System.Collections.Concurrent;
using Kv.Storage;

namespace Kv.Node.Tests.Watching;

/// <summary>A lane that is a thread.</summary>
internal sealed class ThreadLane : ILane, IDisposable
{
    private readonly BlockingCollection<Action> _work = [];
    private readonly Thread _thread;

    public ThreadLane()
    {
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public void Post(Action work) => _work.Add(work);

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    private void Run()
    {
        foreach (Action work in _work.GetConsumingEnumerable())
            work();
    }
}
