using Kv.Storage;

namespace Kv.Node.Tests.Watching;

/// <summary>A lane that does its work when the test says so.</summary>
internal sealed class QueueLane : ILane
{
    private const int TurnsMax = 100_000;

    private readonly Queue<Action> _work = new();

    public bool IsIdle => _work.Count == 0;

    public void Post(Action work) => _work.Enqueue(work);

    public bool RunOne()
    {
        if (!_work.TryDequeue(out Action? work))
            return false;
        work();
        return true;
    }

    public void RunAll()
    {
        for (int turn = 0; RunOne(); turn++)
            Assert.True(turn < TurnsMax, "The lane never comes to rest.");
    }
}
