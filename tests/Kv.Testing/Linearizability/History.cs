namespace Kv.Testing.Linearizability;

/// <summary>Collects what clients did and saw, to be judged by <see cref="LinearizabilityCheck"/>. Safe from any
/// thread. A client that gives up waiting just leaves its operation as it is.</summary>
public sealed class History
{
    private readonly Lock _gate = new();
    private readonly List<Operation> _operations = [];
    private readonly SortedDictionary<long, Observation> _observations = [];
    private readonly List<EndedLease> _endedLeases = [];

    /// <summary>The revision of the store when nothing was in it: a new store begins with 1.</summary>
    public long FirstRevision { get; init; } = 1;

    public IReadOnlyList<Operation> Operations => _operations;

    public IEnumerable<Observation> Observations => _observations.Values;

    public IReadOnlyList<EndedLease> EndedLeases => _endedLeases;

    public Operation Call(int client, Request request, long now, bool isSerializable = false)
    {
        var operation = new Operation(client, request, now, isSerializable);
        lock (_gate)
            _operations.Add(operation);
        return operation;
    }

    public void Return(Operation operation, Answer answer, long now)
    {
        lock (_gate)
        {
            operation.Answer = answer;
            operation.Returned = now;
        }
    }

    /// <summary>To be called only if it is sure that the operation will not happen either.</summary>
    public void Refuse(Operation operation, long now)
    {
        lock (_gate)
        {
            operation.IsRefused = true;
            operation.Returned = now;
        }
    }

    /// <summary>Notes what a watcher of all keys was told of a revision. That several watchers are told the same is not
    /// looked at here: the first counts.</summary>
    public void Observe(long revision, IReadOnlyList<ObservedChange> changes, long now)
    {
        lock (_gate)
            _observations.TryAdd(revision, new Observation(revision, changes, now));
    }

    /// <summary>Notes that the end of a lease was acknowledged, by an answer with that revision in its header: at the
    /// latest then its keys are gone. The request itself stays without an answer, since that header does not say
    /// which revision was its own.</summary>
    public void EndLease(long lease, long revision, long now)
    {
        lock (_gate)
            _endedLeases.Add(new EndedLease(lease, revision, now));
    }
}
