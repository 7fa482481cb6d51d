using Kv.Storage;

namespace Kv.Simulation.Tests.World;

/// <summary>A lane of a process: what is posted is done in order, one piece at a time, each a little later.</summary>
internal sealed class SimulatedLane(Process process, Pace pace) : ILane
{
    private readonly Queue<Action> _waiting = new();
    private bool _isBusy;

    public bool IsIdle => _waiting.Count == 0;

    public void Post(Action work)
    {
        _waiting.Enqueue(work);
        if (_isBusy)
            return;
        _isBusy = true;
        process.After(pace.Draw(), Work);
    }

    private void Work()
    {
        _waiting.Dequeue()();
        _isBusy = _waiting.Count > 0;
        if (_isBusy)
            process.After(pace.Draw(), Work);
    }
}
