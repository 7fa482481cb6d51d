using Kv.Simulation.Tests.Checks;

namespace Kv.Simulation.Tests.World;

/// <summary>Everything that happens, one thing after the other, in a time of its own: an event may plan others for
/// later, and the next one happens when the one before has ended, whatever the clock on the wall says. All chance
/// comes from one seed, and events of one moment happen in the order in which they were planned; so a seed is a
/// run, to the last bit.</summary>
internal sealed class SimulatedWorld(int seed)
{
    // Many times what any run needs: one that goes round in circles must end too.
    private const long EventsMax = 20_000_000;

    private readonly PriorityQueue<PlannedEvent, EventTime> _planned = new();
    private long _number;

    public int Seed => seed;

    public Random Random { get; } = new(seed);

    public Trace Trace { get; } = new();

    /// <summary>Since the beginning.</summary>
    public TimeSpan Now { get; private set; }

    public long EventCount { get; private set; }

    /// <summary>Lets something happen that needs no process to be alive for it.</summary>
    public void After(TimeSpan delay, Action work) => Plan(delay, new PlannedEvent(null, work));

    /// <summary>Lets a process do something: later if it is paused then, and not at all if it has ended.</summary>
    public void After(TimeSpan delay, Process process, Action work) => Plan(delay, new PlannedEvent(process, work));

    /// <summary>Lets the next thing happen; false if there is none.</summary>
    public bool Step()
    {
        if (!_planned.TryDequeue(out PlannedEvent next, out EventTime time))
            return false;

        Now = time.At;
        EventCount++;
        if (EventCount > EventsMax)
            throw new SimulationFailedException($"it does not end: {EventCount} events");
        if (next.Process is { } process)
            process.Do(next.Work);
        else
            next.Work();
        return true;
    }

    /// <summary>Lets everything happen that is due in the next stretch of time.</summary>
    public void RunFor(TimeSpan time)
    {
        TimeSpan end = Now + time;
        while (_planned.TryPeek(out _, out EventTime next) && next.At <= end)
            Step();
        Now = end;
    }

    /// <summary>Runs until something is so, looking after every stretch of time; false if the patience ended first.
    /// </summary>
    public bool RunUntil(Func<bool> isSo, TimeSpan look, TimeSpan patience)
    {
        TimeSpan end = Now + patience;
        while (!isSo())
        {
            if (Now >= end)
                return false;
            RunFor(look);
        }

        return true;
    }

    /// <summary>Any time between the two, by chance.</summary>
    public TimeSpan Between(TimeSpan least, TimeSpan most) =>
        least + TimeSpan.FromTicks(Random.NextInt64((most - least).Ticks + 1));

    public bool Chance(double probability) => Random.NextDouble() < probability;

    public T Pick<T>(IReadOnlyList<T> choices) => choices[Random.Next(choices.Count)];

    private void Plan(TimeSpan delay, in PlannedEvent planned) =>
        _planned.Enqueue(planned, new EventTime(Now + delay, _number++));

    private readonly record struct PlannedEvent(Process? Process, Action Work);

    private readonly struct EventTime(TimeSpan at, long number) : IComparable<EventTime>
    {
        public TimeSpan At => at;

        private long Number => number;

        public int CompareTo(EventTime other)
        {
            int byTime = at.CompareTo(other.At);
            return byTime != 0 ? byTime : number.CompareTo(other.Number);
        }
    }
}
