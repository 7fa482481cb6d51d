using Kv.Testing.Linearizability;

namespace Kv.Simulation.Tests.Linearizability;

/// <summary>Judges a small history by trying every order of its operations on a naive store: slow, and too simple to be
/// wrong in the way the real check might be.</summary>
internal static class TriedOrders
{
    public static bool IsLinearizable(History history)
    {
        List<Item> items = [.. history.Operations.Where(IsOfMeaning).Select(each => new Item(each))];
        items.AddRange(history.Observations.Select(each => new Item(each)));
        var empty = new SortedDictionary<string, StoredValue>(StringComparer.Ordinal);
        return Fits(items, [empty], [[]], history.FirstRevision);
    }

    // A read without an answer says nothing, and neither does what did not happen.
    private static bool IsOfMeaning(Operation operation) =>
        !operation.IsRefused && (operation.Answer is not null || operation.Request.MayWrite);

    // What the store held at each revision, the first included, and how it changed there.
    private static bool Fits(
        List<Item> left,
        List<SortedDictionary<string, StoredValue>> states,
        List<List<ObservedChange>> changes,
        long first)
    {
        if (!left.Any(item => item.MustHappen))
            return true;

        foreach (Item item in left)
        {
            if (left.Any(other => other.MustHappen && other.Returned < item.Called))
                continue;
            int count = states.Count;
            bool fits = Run(item, states, changes, first)
                && Fits([.. left.Where(other => other != item)], states, changes, first);
            states.RemoveRange(count, states.Count - count);
            changes.RemoveRange(count, changes.Count - count);
            if (fits)
                return true;
        }

        return false;
    }

    private static bool Run(
        Item item, List<SortedDictionary<string, StoredValue>> states, List<List<ObservedChange>> changes, long first)
    {
        long current = first + states.Count - 1;
        if (item.Observation is { } seen)
        {
            int at = (int)(seen.Revision - first);
            return at > 0 && at < states.Count && changes[at].SequenceEqual(seen.Changes);
        }

        Operation operation = item.Operation!;
        if (operation.IsSerializable)
        {
            long revision = operation.Answer!.Revision;
            return revision >= first && revision <= current
                && Take(operation.Request, states[(int)(revision - first)], revision, [], states, first)
                    .Matches(operation.Answer);
        }

        var after = new SortedDictionary<string, StoredValue>(states[^1], StringComparer.Ordinal);
        var made = new List<ObservedChange>();
        Answer answer = Take(operation.Request, after, current, made, states, first);
        if (made.Count > 0)
        {
            states.Add(after);
            changes.Add(made);
        }

        return operation.Answer is null || answer.Matches(operation.Answer);
    }

    private static Answer Take(
        Request request,
        SortedDictionary<string, StoredValue> keys,
        long current,
        List<ObservedChange> made,
        List<SortedDictionary<string, StoredValue>> states,
        long first)
    {
        bool holds = request.If.All(each => each.Holds(Find(keys, each.Key)));
        var answers = new List<StepAnswer>();
        foreach (Step step in holds ? request.Then : request.Else)
        {
            switch (step)
            {
                case Step.Put put:
                    StoredValue? old = Find(keys, put.Key);
                    keys[put.Key] = new StoredValue(
                        put.Value, old?.Created ?? (current + 1), current + 1, (old?.Version ?? 0) + 1, put.Lease);
                    made.Add(new ObservedChange(put.Key, keys[put.Key]));
                    answers.Add(default);
                    break;
                case Step.Delete delete:
                    answers.Add(new StepAnswer(Deleted: Remove(keys, delete.Key, made)));
                    break;
                case Step.EndLease end:
                    string[] held = [.. keys.Where(pair => pair.Value.Lease == end.Lease).Select(pair => pair.Key)];
                    answers.Add(new StepAnswer(Deleted: held.Sum(key => Remove(keys, key, made))));
                    break;
                case Step.Get { At: > 0 } past:
                    bool isThere = past.At - first < states.Count;
                    answers.Add(isThere
                        ? new StepAnswer(Find(states[(int)(past.At - first)], past.Key))
                        : new StepAnswer(Deleted: -1)); // as no answer is
                    break;
                case Step.Get get:
                    answers.Add(new StepAnswer(Find(keys, get.Key)));
                    break;
            }
        }

        return new Answer(made.Count > 0 ? current + 1 : current, holds, answers);
    }

    private static int Remove(SortedDictionary<string, StoredValue> keys, string key, List<ObservedChange> made)
    {
        if (!keys.Remove(key))
            return 0;
        made.Add(new ObservedChange(key, Value: null));
        return 1;
    }

    private static StoredValue? Find(SortedDictionary<string, StoredValue> keys, string key) =>
        keys.TryGetValue(key, out StoredValue found) ? found : null;

    private sealed class Item
    {
        public Item(Operation operation)
        {
            Operation = operation;
            Called = operation.Called;
            Returned = operation.Returned;
            MustHappen = operation.Answer is not null;
        }

        public Item(Observation observation)
        {
            Observation = observation;
            Called = long.MinValue;
            Returned = observation.SeenAt;
            MustHappen = true;
        }

        public Operation? Operation { get; }

        public Observation? Observation { get; }

        public long Called { get; }

        public long Returned { get; }

        public bool MustHappen { get; }
    }
}
