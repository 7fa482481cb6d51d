using Kv.Storage;

namespace Kv.Node.Tests.Store;

/// <summary>A lane whose work is done when the test says so.</summary>
internal sealed class ManualLane : ILane
{
    private readonly Queue<Action> _work = new();

    public int Count => _work.Count;

    public void Post(Action work) => _work.Enqueue(work);

    /// <summary>Does the oldest piece of work; false if there is none.</summary>
    public bool RunOne()
    {
        if (!_work.TryDequeue(out Action? work))
            return false;

        work();
        return true;
    }

    public void Clear() => _work.Clear();
}
