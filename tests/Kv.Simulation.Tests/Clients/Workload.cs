using Kv.Simulation.Tests.World;
using Kv.Testing.Linearizability;

namespace Kv.Simulation.Tests.Clients;

/// <summary>What a client may think of next: requests of all kinds about a few keys, so that clients get in each
/// other's way. No value is put twice.</summary>
internal sealed class Workload(SimulatedWorld world, int client, int keys)
{
    private const double LongValueChance = 0.2;
    private const int LongValueMost = 2000;

    private readonly Dictionary<string, StoredValue> _seen = new(StringComparer.Ordinal);
    private int _values;

    /// <summary>The highest revision that was heard of.</summary>
    public long SeenRevision { get; private set; } = 1;

    public static string KeyOf(int number) => $"k{number:00}";

    public Request Next(out bool isSerializable)
    {
        isSerializable = false;
        string key = Key();
        switch (world.Random.Next(100))
        {
            case < 38:
                return Request.Put(key, Value());
            case < 44:
                return Request.Delete(key);
            case < 46:
                return Request.DeleteRange(Range());
            case < 62:
                return Request.Get(key);
            case < 66:
                isSerializable = world.Chance(0.3);
                return Request.GetRange(Range());
            case < 74:
                isSerializable = true;
                return Request.Get(key);
            case < 78:
                return Request.GetAt(key, Math.Max(1, SeenRevision - world.Random.Next(20)));
            case < 88:
                return CompareAndPut(key);
            case < 95:
                return new Request([new Step.Put(key, Value()), .. Other(key)]);
            default:
                return new Request([new Step.Get(key), new Step.Get(Key())]);
        }
    }

    public string Key() => KeyOf(world.Random.Next(keys));

    // Mostly short, and now and then so long that it covers sectors of the disk.
    public string Value()
    {
        int length = world.Chance(LongValueChance) ? world.Random.Next(LongValueMost) : 0;
        return $"c{client}.{++_values}".PadRight(length, '-');
    }

    /// <summary>Remembers what was answered, for conditions that may hold.</summary>
    public void OnAnswer(Request request, Answer answer)
    {
        SeenRevision = Math.Max(SeenRevision, answer.Revision);
        IReadOnlyList<Step> taken = answer.Succeeded ? request.Then : request.Else;
        for (int step = 0; step < taken.Count; step++)
        {
            if (taken[step] is Step.Get get && answer.Steps[step].Found is { } found)
                _seen[get.Key] = found;
        }
    }

    private Request CompareAndPut(string key)
    {
        Condition condition = _seen.TryGetValue(key, out StoredValue seen)
            ? world.Chance(0.5)
                ? Condition.Modified(key, seen.Modified)
                : Condition.HasValue(key, seen.Value)
            : new Condition(key, ConditionTarget.Version);
        return new Request([new Step.Put(key, Value())]) { If = [condition], Else = [new Step.Get(key)] };
    }

    // Two or more keys that are neighbours.
    private string[] Range()
    {
        int first = world.Random.Next(keys - 1);
        int count = world.Random.Next(2, keys - first + 1);
        return [.. Enumerable.Range(first, count).Select(KeyOf)];
    }

    // Of a key other than that, since no two steps may write one.
    private Step[] Other(string key)
    {
        string other = Key();
        if (other == key)
            return [new Step.Get(key)];
        return world.Chance(0.5) ? [new Step.Put(other, Value())] : [new Step.Delete(other), new Step.Get(key)];
    }
}
