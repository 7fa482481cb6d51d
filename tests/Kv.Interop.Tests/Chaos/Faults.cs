using System.Collections.Concurrent;

namespace Kv.Interop.Tests.Chaos;

/// <summary>The network between members, by their names, and what is wrong with it.</summary>
public sealed class Faults(IReadOnlyList<string> names)
{
    private readonly ConcurrentDictionary<(string From, string To), Flow> _flows = new();

    public Flow Between(string from, string to) => _flows.GetOrAdd((from, to), static _ => new Flow());

    /// <summary>Nothing that the member sends arrives.</summary>
    public void Mute(string name)
    {
        foreach (string other in Others(name))
            Between(name, other).Stall();
    }

    /// <summary>Nothing arrives at the member.</summary>
    public void Deafen(string name)
    {
        foreach (string other in Others(name))
            Between(other, name).Stall();
    }

    public void Isolate(string name)
    {
        Mute(name);
        Deafen(name);
    }

    /// <summary>All connections of the member lose their other ends, without a word.</summary>
    public void HalfOpen(string name)
    {
        foreach (string other in Others(name))
            Between(name, other).Break();
    }

    public void SlowAll(TimeSpan delay, int rate)
    {
        foreach (string name in names)
        {
            foreach (string other in Others(name))
                Between(name, other).Slow(delay, rate);
        }
    }

    public void Heal()
    {
        foreach (Flow flow in _flows.Values)
            flow.Heal();
    }

    private IEnumerable<string> Others(string name) => names.Where(other => other != name);
}
