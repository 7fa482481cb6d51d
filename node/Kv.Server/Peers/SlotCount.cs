namespace Kv.Server.Peers;

/// <summary>How many of a costly thing may be under way at once.</summary>
internal sealed class SlotCount(int max)
{
    private int _taken;

    public bool TryTake()
    {
        if (Interlocked.Increment(ref _taken) <= max)
            return true;
        Interlocked.Decrement(ref _taken);
        return false;
    }

    public void Return() => Interlocked.Decrement(ref _taken);
}
