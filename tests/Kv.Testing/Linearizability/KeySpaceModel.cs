using System.Collections.Immutable;

namespace Kv.Testing.Linearizability;

/// <summary>The store as its clients may imagine it: keys at a revision, and requests that happen one after the other.
/// It never changes; a request makes a new one.</summary>
internal sealed class KeySpaceModel
{
    private readonly ImmutableDictionary<string, StoredValue> _keys;

    private KeySpaceModel(long revision, ImmutableDictionary<string, StoredValue> keys)
    {
        Revision = revision;
        _keys = keys;
    }

    public long Revision { get; }

    public static KeySpaceModel Empty(long revision) => new(revision, []);

    public StoredValue? Find(string key) => _keys.TryGetValue(key, out StoredValue stored) ? stored : null;

    public bool HasKeysOf(long lease) => _keys.Values.Any(stored => stored.Lease == lease);

    /// <summary>What the store is after the request, what it answers, and what watchers are told. One that changes
    /// nothing leaves the revision as it is. A step that reads the past is answered with nothing.</summary>
    public ModelStep Run(Request request)
    {
        bool holds = true;
        foreach (Condition condition in request.If)
            holds &= condition.Holds(Find(condition.Key));

        var change = new Change(this);
        IReadOnlyList<Step> taken = holds ? request.Then : request.Else;
        var answers = new StepAnswer[taken.Count];
        for (int step = 0; step < answers.Length; step++)
            answers[step] = change.Take(taken[step]);

        KeySpaceModel after = change.Changes.Count > 0 ? change.ToModel() : this;
        return new ModelStep(after, new Answer(after.Revision, holds, answers), change.Changes);
    }

    private sealed class Change(KeySpaceModel before)
    {
        private readonly long _revision = before.Revision + 1;
        private ImmutableDictionary<string, StoredValue> _keys = before._keys;

        public List<ObservedChange> Changes { get; } = [];

        public KeySpaceModel ToModel() => new(_revision, _keys);

        public StepAnswer Take(Step step) => step switch
        {
            Step.Put put => Put(put),
            Step.Delete delete => new StepAnswer(Deleted: Remove(delete.Key) ? 1 : 0),
            Step.EndLease end => new StepAnswer(Deleted: KeysOf(end.Lease).Count(Remove)),
            Step.Get { At: 0 } get => new StepAnswer(_keys.TryGetValue(get.Key, out StoredValue found) ? found : null),
            _ => default,
        };

        private StepAnswer Put(Step.Put put)
        {
            bool isThere = _keys.TryGetValue(put.Key, out StoredValue old);
            StoredValue stored = isThere
                ? old with { Value = put.Value, Modified = _revision, Version = old.Version + 1, Lease = put.Lease }
                : new StoredValue(put.Value, _revision, _revision, Version: 1, put.Lease);
            _keys = _keys.SetItem(put.Key, stored);
            Changes.Add(new ObservedChange(put.Key, stored));
            return default;
        }

        private bool Remove(string key)
        {
            if (!_keys.ContainsKey(key))
                return false;
            _keys = _keys.Remove(key);
            Changes.Add(new ObservedChange(key, Value: null));
            return true;
        }

        private List<string> KeysOf(long lease)
        {
            var keys = new List<string>();
            foreach ((string key, StoredValue stored) in _keys)
            {
                if (stored.Lease == lease)
                    keys.Add(key);
            }

            keys.Sort(StringComparer.Ordinal);
            return keys;
        }
    }
}

/// <summary>What became of the model by one request.</summary>
internal readonly record struct ModelStep(
    KeySpaceModel After, Answer Answer, IReadOnlyList<ObservedChange> Changes)
{
    public bool IsWrite => Changes.Count > 0;
}
