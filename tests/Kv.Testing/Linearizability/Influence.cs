namespace Kv.Testing.Linearizability;

/// <summary>Tells which requests without an answer could have had a part in what is found wrong with a key: only those
/// that touch it, or decide by their own conditions whether it is touched, and only since it was last known for
/// sure.</summary>
internal sealed class Influence
{
    private readonly Dictionary<long, HashSet<string>> _keysOfLeases = [];
    private readonly Dictionary<string, SortedSet<long>> _known = [];
    private readonly Dictionary<string, HashSet<string>> _deciders = [];

    public static Influence Of(History history)
    {
        var influence = new Influence();
        foreach (Operation operation in history.Operations)
            influence.AddLeases(operation.Request);
        foreach (Operation operation in history.Operations)
        {
            if (operation.Answer is { } answer)
                influence.AddKnown(operation.Request, answer);
            else
                influence.AddDeciders(operation.Request);
        }

        foreach (Observation observation in history.Observations)
        {
            foreach (ObservedChange change in observation.Changes)
                influence.KnownOf(change.Key).Add(observation.Revision);
        }

        return influence;
    }

    /// <summary>The keys that it may write, read or decide by.</summary>
    public HashSet<string> KeysOf(Request request)
    {
        HashSet<string> keys = WrittenBy(request);
        foreach (Step step in request.Then.Concat(request.Else))
        {
            if (step is Step.Get get)
                keys.Add(get.Key);
        }

        keys.UnionWith(request.If.Select(static condition => condition.Key));
        return keys;
    }

    /// <summary>The keys that it may write.</summary>
    public HashSet<string> WrittenBy(Request request)
    {
        var keys = new HashSet<string>(StringComparer.Ordinal);
        foreach (Step step in request.Then.Concat(request.Else))
        {
            switch (step)
            {
                case Step.Put put:
                    keys.Add(put.Key);
                    break;
                case Step.Delete delete:
                    keys.Add(delete.Key);
                    break;
                case Step.EndLease end:
                    keys.UnionWith(KeysOf(end.Lease));
                    break;
            }
        }

        return keys;
    }

    /// <summary>The keys that ever hung on a lease.</summary>
    public IReadOnlyCollection<string> KeysOf(long lease) => _keysOfLeases.TryGetValue(lease, out var keys) ? keys : [];

    /// <summary>What is wrong with keys at a revision can only be due to writers of one of the keys in the answer,
    /// after the revision that stands with it.</summary>
    public Dictionary<string, long> CausesOf(IEnumerable<string> keys, long revision)
    {
        var causes = new Dictionary<string, long>(StringComparer.Ordinal);
        var open = new Queue<(string Key, long Since)>(keys.Select(key => (key, KnownBefore(key, revision))));
        while (open.TryDequeue(out (string Key, long Since) next))
        {
            if (causes.TryGetValue(next.Key, out long since) && since <= next.Since)
                continue;
            causes[next.Key] = next.Since;
            if (!_deciders.TryGetValue(next.Key, out HashSet<string>? deciders))
                continue;

            // A request that decides by another key did so after this key was known, and by what that was then.
            foreach (string decider in deciders)
                open.Enqueue((decider, KnownBefore(decider, next.Since + 1)));
        }

        return causes;
    }

    private long KnownBefore(string key, long revision) =>
        _known.TryGetValue(key, out SortedSet<long>? known) && revision > 0
            ? known.GetViewBetween(0, revision - 1).Max
            : 0;

    private void AddLeases(Request request)
    {
        foreach (Step step in request.Then.Concat(request.Else))
        {
            if (step is not Step.Put { Lease: not 0 } put)
                continue;
            if (!_keysOfLeases.TryGetValue(put.Lease, out HashSet<string>? keys))
                _keysOfLeases[put.Lease] = keys = new HashSet<string>(StringComparer.Ordinal);
            keys.Add(put.Key);
        }
    }

    private void AddKnown(Request request, Answer answer)
    {
        IReadOnlyList<Step> taken = answer.Succeeded ? request.Then : request.Else;
        bool isWrite = answer.IsWrite(request);
        foreach (Step step in taken)
        {
            if (step is Step.Delete delete)
                KnownOf(delete.Key).Add(answer.Revision);
            else if (step is Step.Get get && !isWrite)
                KnownOf(get.Key).Add(get.At > 0 ? get.At : answer.Revision);
        }
    }

    private SortedSet<long> KnownOf(string key)
    {
        if (!_known.TryGetValue(key, out SortedSet<long>? known))
            _known[key] = known = [];
        return known;
    }

    // A lease's end decides by nothing but the keys it takes away.
    private void AddDeciders(Request request)
    {
        if (request.If.Count == 0)
            return;

        foreach (string key in WrittenBy(request))
        {
            if (!_deciders.TryGetValue(key, out HashSet<string>? deciders))
                _deciders[key] = deciders = new HashSet<string>(StringComparer.Ordinal);
            deciders.UnionWith(request.If.Select(static condition => condition.Key));
            deciders.Remove(key);
        }
    }
}
