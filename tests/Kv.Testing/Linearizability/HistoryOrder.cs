namespace Kv.Testing.Linearizability;

/// <summary>Puts a history in the order of revisions and compares that with the order of time. An answered write stands
/// at the revision of its answer, and a read between that revision and the next: so their order is known, and all that
/// time asks is that nothing stands before what returned before it was called. Where a request without an answer may
/// stand is bounded the same way.</summary>
internal sealed class HistoryOrder
{
    private readonly Dictionary<long, Operation> _writes = [];
    private readonly Dictionary<long, List<Operation>> _reads = [];
    private readonly Dictionary<long, List<(Operation Operation, Step.Get Step)>> _pastReads = [];
    private readonly Dictionary<long, Observation> _observations = [];
    private readonly Dictionary<long, List<EndedLease>> _endedLeases = [];
    private readonly List<Unanswered> _unanswered = [];

    // What was seen last: the highest revision that was told to anybody, and by whom.
    private long _floor;
    private object? _floorOf;

    private HistoryOrder(long firstRevision) => First = Last = _floor = firstRevision;

    /// <summary>The revision at which the store is empty.</summary>
    public long First { get; }

    /// <summary>The highest revision anybody was told of.</summary>
    public long Last { get; private set; }

    /// <summary>What is wrong already; null if nothing is.</summary>
    public string? Finding { get; private set; }

    /// <summary>Those that may or may not have happened.</summary>
    public IReadOnlyList<Unanswered> UnansweredWrites => _unanswered;

    public static HistoryOrder Of(History history)
    {
        var order = new HistoryOrder(history.FirstRevision);
        foreach (Operation operation in history.Operations)
            order.Add(operation);
        foreach (Observation observation in history.Observations)
            order._observations[observation.Revision] = observation;
        foreach (EndedLease ended in history.EndedLeases)
            Append(order._endedLeases, ended.By, ended);
        order.FollowTime(history);
        return order;
    }

    public Operation? WriteAt(long revision) => _writes.GetValueOrDefault(revision);

    public IReadOnlyList<Operation> ReadsAt(long revision) => _reads.TryGetValue(revision, out var reads) ? reads : [];

    public IReadOnlyList<(Operation Operation, Step.Get Step)> PastReadsOf(long revision) =>
        _pastReads.TryGetValue(revision, out var reads) ? reads : [];

    public Observation? ObservationOf(long revision) => _observations.GetValueOrDefault(revision);

    public IReadOnlyList<EndedLease> LeasesEndedBy(long revision) =>
        _endedLeases.TryGetValue(revision, out var leases) ? leases : [];

    private void Add(Operation operation)
    {
        if (operation.Answer is not { } answer || !answer.IsWrite(operation.Request))
        {
            if (operation.Answer is { } read)
                AddRead(operation, read);
            return;
        }

        if (!_writes.TryAdd(answer.Revision, operation))
            Finding ??= $"two writes have one revision:\n  {_writes[answer.Revision]}\n  {operation}";
    }

    private void AddRead(Operation operation, Answer answer)
    {
        if (operation.Request.Then is [Step.Get { At: > 0 } past] && past.At > answer.Revision)
            Finding ??= $"a revision was read that was not there yet:\n  {operation}";
        else if (operation.Request.Then is [Step.Get { At: > 0 } step])
            Append(_pastReads, step.At, (operation, step));
        else
            Append(_reads, answer.Revision, operation);
    }

    // Calls before returns of the same moment: what touches counts as concurrent.
    private void FollowTime(History history)
    {
        var moments = new List<(long Time, int Kind, object Subject)>();
        foreach (Operation operation in history.Operations)
        {
            moments.Add((operation.Called, 0, operation));
            if (operation.Answer is not null)
                moments.Add((operation.Returned, 1, operation));
        }

        moments.AddRange(history.Observations.Select(each => (each.SeenAt, 1, (object)each)));
        moments.AddRange(history.EndedLeases.Select(each => (each.SeenAt, 1, (object)each)));
        moments.Sort(static (left, right) => (left.Time, left.Kind).CompareTo((right.Time, right.Kind)));
        foreach ((_, int kind, object subject) in moments)
        {
            if (kind == 0)
                OnCall((Operation)subject);
            else
                OnSeen(RevisionOf(subject), subject);
        }
    }

    private void OnCall(Operation operation)
    {
        if (operation.Answer is not { } answer)
        {
            if (!operation.IsRefused && operation.Request.MayWrite)
                _unanswered.Add(new Unanswered(operation, _floor, _unanswered.Count));
            return;
        }

        bool isWrite = answer.IsWrite(operation.Request);
        long earliest = operation.IsSerializable ? First : isWrite ? _floor + 1 : _floor;
        if (answer.Revision < earliest)
        {
            Finding ??= $"what was called later stands before what had returned:\n  {_floorOf ?? "the beginning"}\n  "
                + operation;
        }
    }

    private void OnSeen(long revision, object by)
    {
        Last = Math.Max(Last, revision);
        if (revision > _floor)
            (_floor, _floorOf) = (revision, by);
    }

    private static long RevisionOf(object seen) => seen switch
    {
        Operation operation => operation.Answer!.Revision,
        Observation observation => observation.Revision,
        _ => ((EndedLease)seen).By,
    };

    private static void Append<T>(Dictionary<long, List<T>> lists, long revision, T item)
    {
        if (!lists.TryGetValue(revision, out List<T>? list))
            lists[revision] = list = [];
        list.Add(item);
    }
}

/// <summary>A request without an answer that may have written: at a revision above its floor, which had
/// been told when it was called, or never.</summary>
internal sealed class Unanswered(Operation operation, long floor, int number)
{
    public Operation Operation => operation;

    public long Floor => floor;

    public int Number => number;

    /// <summary>The one revision that it can have made, if there is such.</summary>
    public long? PinnedTo { get; set; }
}
