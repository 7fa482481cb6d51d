using Kv.Testing.Linearizability;

namespace Kv.Simulation.Tests.Linearizability;

/// <summary>Makes histories of clients of a store that is right: each operation happens at one moment between its call
/// and its return, and some are never answered. On request something is then changed in what was answered, so
/// that most of these histories are wrong and some, by chance, are not.</summary>
internal sealed class RandomHistory(Random random, int clients, int keys)
{
    private readonly History _history = new();
    private readonly List<(Operation Operation, Answer? Answer)> _pending = [];
    private readonly SortedDictionary<string, StoredValue> _keys = new(StringComparer.Ordinal);
    private long _revision = 1;
    private long _now;
    private int _values;
    private bool _isPlain;

    public static History Make(Random random, int operations, int clients, int keys, bool isSpoiled)
    {
        var history = new RandomHistory(random, clients, keys);
        history.Run(operations, isSpoiled);
        return history._history;
    }

    /// <summary>A history without a fault, of any length, such as clients make: values are never put twice, a
    /// transaction compares the key that it puts, and one request in twenty gets no answer.</summary>
    public static History MakeSound(Random random, int operations, int clients, int keys)
    {
        var history = new RandomHistory(random, clients, keys) { _isPlain = true };
        history.Run(operations, isSpoiled: false);
        return history._history;
    }

    private string Key => $"k{random.Next(keys)}";

    private string Value => !_isPlain && random.Next(4) == 0 ? "same" : $"v{++_values}";

    private void Run(int operations, bool isSpoiled)
    {
        int spoiled = isSpoiled ? random.Next(operations) : -1;
        int called = 0;
        while (called < operations || _pending.Count > 0)
        {
            _now += random.Next(2);
            bool mayCall = called < operations && _pending.Count < clients;
            if (mayCall && (_pending.Count == 0 || random.Next(3) == 0))
            {
                Request request = NextRequest();
                bool isSerializable = !request.MayWrite && random.Next(5) == 0;
                _pending.Add((_history.Call(called++ % clients, request, _now, isSerializable), null));
                continue;
            }

            int which = random.Next(_pending.Count);
            (Operation operation, Answer? answer) = _pending[which];
            if (answer is null)
                Happen(which, operation, isLost: spoiled == _history.Operations.Count && random.Next(8) == 0);
            else
                Return(which, operation, spoiled-- == 0 ? Spoil(answer) : answer);
        }
    }

    private Request NextRequest() => _isPlain ? NextPlain() : random.Next(9) switch
    {
        0 => Request.Delete(Key),
        1 or 2 => Request.Get(Key),
        3 => Request.GetAt(Key, 1 + random.NextInt64(_revision)),
        4 => Request.EndLease(1),
        5 or 6 => new Request([new Step.Put(Key, Value)])
        {
            If = [random.Next(2) == 0
                ? Condition.Modified(Key, random.NextInt64(_revision + 1))
                : Condition.HasValue(Key, "same")],
            Else = random.Next(2) == 0 ? [new Step.Get(Key)] : [],
        },
        7 => new Request([new Step.Put("k0", Value), new Step.Delete("k1"), new Step.Get("k0")]),
        _ => Request.Put(Key, Value, lease: random.Next(4) == 0 ? 1 : 0),
    };

    private Request NextPlain()
    {
        string key = Key;
        switch (random.Next(8))
        {
            case 0:
                return Request.Delete(key);
            case < 4:
                return Request.Get(key);
            case 4:
                var condition = Condition.Modified(key, Find(key)?.Modified ?? 0);
                return new Request([new Step.Put(key, Value)]) { If = [condition], Else = [new Step.Get(key)] };
            case 5:
                return new Request([new Step.Put(key, Value), new Step.Put(Key, Value)]);
            default:
                return Request.Put(key, Value);
        }
    }

    private void Happen(int which, Operation operation, bool isLost)
    {
        bool isUnanswered = random.Next(_isPlain ? 20 : 6) == 0;
        if (isUnanswered && random.Next(2) == 0)
        {
            _pending.RemoveAt(which);
            return;
        }

        var before = new Dictionary<string, StoredValue>(_keys);
        Answer answer = Take(operation.Request);
        if (isLost)
        {
            _keys.Clear();
            foreach ((string key, StoredValue stored) in before)
                _keys.Add(key, stored);
        }

        if (isUnanswered)
            _pending.RemoveAt(which);
        else
            _pending[which] = (operation, answer);
    }

    private Answer Take(Request request)
    {
        bool holds = request.If.All(each => each.Holds(Find(each.Key)));
        long next = _revision + 1;
        var changes = new List<ObservedChange>();
        var answers = new List<StepAnswer>();
        foreach (Step step in holds ? request.Then : request.Else)
            answers.Add(Take(step, next, changes));
        if (changes.Count > 0)
            _revision = next;
        if (changes.Count > 0 && !_isPlain && random.Next(6) == 0)
            _history.Observe(next, changes, _now + random.Next(3));
        return new Answer(_revision, holds, answers);
    }

    private StepAnswer Take(Step step, long next, List<ObservedChange> changes)
    {
        switch (step)
        {
            case Step.Put put:
                StoredValue? old = Find(put.Key);
                _keys[put.Key] =
                    new StoredValue(put.Value, old?.Created ?? next, next, (old?.Version ?? 0) + 1, put.Lease);
                changes.Add(new ObservedChange(put.Key, _keys[put.Key]));
                return default;
            case Step.Delete delete:
                return new StepAnswer(Deleted: Remove(delete.Key, changes));
            case Step.EndLease end:
                string[] held = [.. _keys.Where(pair => pair.Value.Lease == end.Lease).Select(pair => pair.Key)];
                return new StepAnswer(Deleted: held.Sum(key => Remove(key, changes)));
            case Step.Get { At: 0 } get:
                return new StepAnswer(Find(get.Key));
            case Step.Get get when get.At == _revision:
                return new StepAnswer(Find(get.Key));
            default:
                return default; // the past is not kept here: such an answer is often wrong
        }
    }

    private int Remove(string key, List<ObservedChange> changes)
    {
        if (!_keys.Remove(key))
            return 0;
        changes.Add(new ObservedChange(key, Value: null));
        return 1;
    }

    private void Return(int which, Operation operation, Answer answer)
    {
        _pending.RemoveAt(which);
        _history.Return(operation, answer, _now);
    }

    private Answer Spoil(Answer answer)
    {
        StepAnswer first = answer.Steps.Count > 0 ? answer.Steps[0] : default;
        StepAnswer spoiled = random.Next(5) switch
        {
            0 => first with { Found = null },
            1 => first with { Found = new StoredValue($"v{random.Next(_values + 2)}", 2, 2, 1) },
            2 when first.Found is { } found => first with { Found = found with { Modified = found.Modified - 1 } },
            3 => first with { Deleted = 1 - first.Deleted },
            _ => first,
        };
        IReadOnlyList<StepAnswer> steps = answer.Steps.Count > 0 ? [spoiled, .. answer.Steps.Skip(1)] : [];
        return random.Next(6) switch
        {
            0 => answer with { Succeeded = !answer.Succeeded },
            1 => answer with { Revision = Math.Max(1, answer.Revision - 1) },
            2 => answer with { Revision = answer.Revision + 1 },
            _ => answer with { Steps = steps },
        };
    }

    private StoredValue? Find(string key) => _keys.TryGetValue(key, out StoredValue found) ? found : null;
}
