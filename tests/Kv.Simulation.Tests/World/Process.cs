namespace Kv.Simulation.Tests.World;

/// <summary>Something that runs on a host until it ends: its events wait while it is paused, and are void once it has
/// ended.</summary>
internal abstract class Process(SimulatedWorld world)
{
    private readonly Queue<Action> _waiting = new();

    public bool HasEnded { get; private set; }

    public bool IsPaused { get; private set; }

    protected SimulatedWorld World => world;

    /// <summary>Plans something for this process.</summary>
    public void After(TimeSpan delay, Action work) => world.After(delay, this, work);

    public void Do(Action work)
    {
        if (HasEnded)
            return;
        if (IsPaused)
            _waiting.Enqueue(work);
        else
            Run(work);
    }

    public void Pause() => IsPaused = true;

    /// <summary>Goes on with what has waited, in its order.</summary>
    public void Resume()
    {
        IsPaused = false;
        while (_waiting.TryDequeue(out Action? work))
            After(TimeSpan.Zero, work);
    }

    /// <summary>Ends it at once and without a word.</summary>
    public void End()
    {
        if (HasEnded)
            return;
        HasEnded = true;
        _waiting.Clear();
        LetGo();
    }

    /// <summary>Does one piece of work, and whatever comes of it.</summary>
    protected abstract void Run(Action work);

    protected abstract void LetGo();
}
