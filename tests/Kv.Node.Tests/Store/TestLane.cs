using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Kv.Storage;

namespace Kv.Node.Tests.Store;

/// <summary>A lane with a thread of its own; what goes wrong on it is kept for the test to see.</summary>
internal sealed class TestLane : ILane, IDisposable
{
    private const int WaitingMax = 100_000;

    private readonly BlockingCollection<Action> _work = new(WaitingMax);
    private readonly Thread _thread;

    public TestLane()
    {
        _thread = new Thread(Run) { IsBackground = true };
        _thread.Start();
    }

    public Exception? Fault { get; private set; }

    public void Post(Action work) => _work.Add(work);

    /// <summary>Waits until all that was posted is done.</summary>
    public void Drain(TimeSpan deadline)
    {
        using var done = new ManualResetEventSlim();
        Post(done.Set);
        Assert.True(done.Wait(deadline), $"The lane did not come to rest: {Fault}");
    }

    public void Dispose()
    {
        _work.CompleteAdding();
        _thread.Join();
        _work.Dispose();
    }

    [SuppressMessage("Design", "CA1031", Justification = "the top of a lane; the test looks at it")]
    private void Run()
    {
        foreach (Action work in _work.GetConsumingEnumerable())
        {
            try
            {
                work();
            }
            catch (Exception fault)
            {
                Fault ??= fault;
            }
        }
    }
}
