namespace Kv.Testing.Linearizability;

/// <summary>What answers and watchers say about single revisions, gathered so that a request without an answer can be
/// ruled out for a revision without trying. Whoever found a key (made at revision c, put last at m, of version v) at
/// position p has said:
/// <code>
///          c                    m                p
/// ---------|====================|----------------|-----
///     a put of it     v-2 puts     a put of it,    nothing
///                     between      with this value
/// </code>
/// and no deletion after c. It only rules out what would fail later.</summary>
internal sealed class Evidence
{
    private readonly Dictionary<long, List<(string Key, string Value)>> _putAt = [];
    private readonly Dictionary<long, List<string>> _madeAt = [];
    private readonly Dictionary<(string Key, string Value), long> _foundAt = [];
    private readonly HashSet<string> _mentioned = [];
    private readonly Dictionary<(string Key, string Value), int> _putters = [];
    private readonly Dictionary<string, KeyEvidence> _keys = [];

    public static Evidence Of(History history)
    {
        var evidence = new Evidence();
        foreach (Operation operation in history.Operations)
        {
            evidence._mentioned.UnionWith(operation.Request.If.Select(static condition => condition.Value));
            evidence.AddPutters(operation.Request);
            if (operation.Answer is { } answer)
                evidence.Add(operation.Request, answer);
        }

        foreach (Observation observation in history.Observations)
        {
            foreach (ObservedChange change in observation.Changes)
            {
                if (change.Value is { } stored)
                    evidence.AddFound(change.Key, stored, observation.Revision);
            }
        }

        foreach (KeyEvidence key in evidence._keys.Values)
            key.Seal();
        return evidence;
    }

    /// <summary>The one revision that a request can have made, because what it puts was found there and nobody else put
    /// it; null if there is none.</summary>
    public long? PinOf(Request request)
    {
        foreach (Step step in request.Then)
        {
            if (step is Step.Put put && request.If.Count == 0
                && _foundAt.TryGetValue((put.Key, put.Value), out long at) && _putters[(put.Key, put.Value)] == 1)
            {
                return at;
            }
        }

        return null;
    }

    /// <summary>How well a request fits a revision: 0 if it put what was found there, 1 if nothing is known, 2 if what
    /// it puts was found elsewhere; null if it cannot be the one.</summary>
    public int? Rank(Request request, long revision)
    {
        if (_madeAt.TryGetValue(revision, out List<string>? made) && !made.TrueForAll(key => Puts(request, key, null)))
            return null;
        if (_putAt.TryGetValue(revision, out List<(string Key, string Value)>? found))
            return found.TrueForAll(put => Puts(request, put.Key, put.Value)) ? 0 : null;
        foreach (Step step in request.Then)
        {
            if (step is Step.Put put && _foundAt.ContainsKey((put.Key, put.Value)))
                return 2;
        }

        return 1;
    }

    /// <summary>Equal for requests that can stand for each other at any revision at which both may be: such as put
    /// different values of one key that nobody ever heard of. Null for one like no other.</summary>
    public string? LikenessOf(Request request) => (request.If.Count, request.Then) switch
    {
        (0, [Step.Delete delete]) => $"delete {delete.Key}",
        (0, [Step.Put put]) when !_mentioned.Contains(put.Value) => $"put {put.Key} {put.Lease}",
        _ => null,
    };

    /// <summary>Whether nothing speaks against these changes at a revision that nobody was answered.</summary>
    public bool Allows(long revision, IReadOnlyList<ObservedChange> changes)
    {
        foreach (ObservedChange change in changes)
        {
            if (_keys.TryGetValue(change.Key, out KeyEvidence? key) && !key.Allows(revision, change.Value is null))
                return false;
        }

        return true;
    }

    private static bool Puts(Request request, string key, string? value)
    {
        foreach (Step step in request.Then.Concat(request.Else))
        {
            if (step is Step.Put put && put.Key == key && (value is null || put.Value == value))
                return true;
        }

        return false;
    }

    private void AddPutters(Request request)
    {
        foreach (Step step in request.Then.Concat(request.Else))
        {
            if (step is Step.Put put)
                _putters[(put.Key, put.Value)] = _putters.GetValueOrDefault((put.Key, put.Value)) + 1;
        }
    }

    private void Add(Request request, Answer answer)
    {
        IReadOnlyList<Step> taken = answer.Succeeded ? request.Then : request.Else;
        bool isWrite = answer.IsWrite(request);
        for (int step = 0; step < Math.Min(taken.Count, answer.Steps.Count); step++)
        {
            if (taken[step] is Step.Put put)
                KeyOf(put.Key).AddPut(answer.Revision);

            if (taken[step] is not Step.Get get || answer.Steps[step].Found is not { } found)
                continue;

            // What a writing request reads may be of its own making: it says nothing of others.
            if (isWrite)
                _mentioned.Add(found.Value);
            else
                AddFound(get.Key, found, get.At > 0 ? get.At : answer.Revision);
        }

        if (!answer.Succeeded)
            return;
        foreach (Condition condition in request.If)
        {
            if (condition is { Target: ConditionTarget.Modified, Number: > 0 })
                KeyOf(condition.Key).AddModified(isWrite ? answer.Revision - 1 : answer.Revision, condition.Number);
        }
    }

    private void AddFound(string key, in StoredValue stored, long position)
    {
        AddTo(_putAt, stored.Modified, (key, stored.Value));
        AddTo(_madeAt, stored.Created, key);
        _foundAt.TryAdd((key, stored.Value), stored.Modified);
        _mentioned.Add(stored.Value);
        KeyOf(key).AddFound(stored, position);
    }

    private KeyEvidence KeyOf(string key)
    {
        if (!_keys.TryGetValue(key, out KeyEvidence? evidence))
            _keys[key] = evidence = new KeyEvidence();
        return evidence;
    }

    private static void AddTo<T>(Dictionary<long, List<T>> lists, long revision, T item)
    {
        if (!lists.TryGetValue(revision, out List<T>? list))
            lists[revision] = list = [];
        if (!list.Contains(item))
            list.Add(item);
    }
}
