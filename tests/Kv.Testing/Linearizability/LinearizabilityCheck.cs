namespace Kv.Testing.Linearizability;

/// <summary>Decides whether a history could be that of a store which does one thing at a time, each between its call
/// and its return (Herlihy and Wing). In general that takes a search over all orders (Wing and Gong); here the
/// revisions that answers carry give the order away, so that following them once is enough. To be searched for are only
/// the gaps: revisions that nobody was answered, each made by a request without an answer.
/// <para>If a choice for a gap turns out wrong by what is later found of a key, the search goes back to the last gap
/// that had any part in that key, past all others (Prosser's conflict-directed backjumping). So the verdict is exact,
/// and takes a time that all but follows the length of the history.</para></summary>
public sealed class LinearizabilityCheck
{
    private const int StepsMax = 300_000;

    private readonly HistoryOrder _order;
    private readonly Evidence _evidence;
    private readonly Influence _influence;
    private readonly List<Gap> _gaps = [];
    private readonly Dictionary<Unanswered, Gap> _takenBy = [];
    private KeySpaceModel _model;
    private Mismatch? _furthest;
    private int _steps;

    private LinearizabilityCheck(History history)
    {
        _order = HistoryOrder.Of(history);
        _evidence = Evidence.Of(history);
        _influence = Influence.Of(history);
        _model = KeySpaceModel.Empty(history.FirstRevision);
        foreach (Unanswered request in _order.UnansweredWrites)
            request.PinnedTo = _evidence.PinOf(request.Operation.Request);
    }

    public static Verdict Run(History history)
    {
        var check = new LinearizabilityCheck(history);
        return check._order.Finding is { } finding ? new Verdict(VerdictKind.Violated, finding) : check.Follow();
    }

    private Verdict Follow()
    {
        bool fits = Compare(_model, by: null) is null;
        while (fits && _model.Revision < _order.Last && _steps < StepsMax)
            fits = Step() is not { } culprits || TryOtherwise(culprits);

        if (_steps >= StepsMax)
            return new Verdict(VerdictKind.Undecided, $"given up after {_steps} steps; {_furthest}");
        return fits ? Verdict.Linearizable : new Verdict(VerdictKind.Violated, _furthest!.ToString());
    }

    /// <summary>Takes the next revision; if that does not fit, returns the gaps in which another choice may
    /// help.</summary>
    private SortedSet<int>? Step()
    {
        _steps++;
        long revision = _model.Revision + 1;
        return _order.WriteAt(revision) is { } write ? Step(write) : StepIntoGap(revision);
    }

    private SortedSet<int>? Step(Operation write)
    {
        ModelStep step = _model.Run(write.Request);
        Mismatch? mismatch = step.Answer.Matches(write.Answer!)
            ? Go(step, write)
            : Note(
                _model.Revision + 1,
                _influence.KeysOf(write.Request),
                $"the answer should be '{step.Answer}':\n  {write}");
        return mismatch is null ? null : CulpritsOf(mismatch, _gaps.Count);
    }

    private SortedSet<int>? StepIntoGap(long revision)
    {
        var gap = new Gap(_gaps.Count, _model, CandidatesFor(revision), _influence);
        _gaps.Add(gap);
        if (TryNext(gap))
            return null;
        _gaps.RemoveAt(gap.Number);
        return gap.Culprits;
    }

    // Whatever was chosen since the last of the culprits had no part in it.
    private bool TryOtherwise(SortedSet<int> culprits)
    {
        while (culprits.Count > 0 && _steps < StepsMax)
        {
            Gap gap = _gaps[culprits.Max];
            BackTo(gap);
            culprits.Remove(gap.Number);
            gap.Culprits.UnionWith(culprits);
            if (TryNext(gap))
                return true;
            culprits = gap.Culprits;
            _gaps.RemoveAt(gap.Number);
        }

        return false;
    }

    private void BackTo(Gap gap)
    {
        for (int later = _gaps.Count - 1; later >= gap.Number; later--)
        {
            if (_gaps[later].Taken is { } taken)
                _takenBy.Remove(taken);
        }

        _gaps.RemoveRange(gap.Number + 1, _gaps.Count - gap.Number - 1);
        gap.Taken = null;
        _model = gap.Before;
    }

    private bool TryNext(Gap gap)
    {
        while (gap.Next < gap.Candidates.Count && _steps < StepsMax)
        {
            _steps++;
            Unanswered candidate = gap.Candidates[gap.Next++];
            if (_takenBy.TryGetValue(candidate, out Gap? other))
            {
                gap.Culprits.Add(other.Number);
                continue;
            }

            if (_evidence.LikenessOf(candidate.Operation.Request) is { } likeness && !gap.Tried.Add(likeness))
                continue;
            if (Try(gap, candidate) is not { } mismatch)
                return true;
            gap.Culprits.UnionWith(CulpritsOf(mismatch, gap.Number));
        }

        string seen = _order.ObservationOf(gap.Revision) is { } observation
            ? $", in which was seen: {string.Join(", ", observation.Changes)}"
            : "";
        if (_furthest is null || gap.Revision >= _furthest.Revision)
            _furthest = new Mismatch(gap.Revision, [], $"nothing that may have happened explains it{seen}");
        return false;
    }

    private Mismatch? Try(Gap gap, Unanswered candidate)
    {
        Operation operation = candidate.Operation;
        ModelStep step = gap.Before.Run(operation.Request);
        if (!step.IsWrite || !_evidence.Allows(gap.Revision, step.Changes))
            return new Mismatch(gap.Revision, _influence.KeysOf(operation.Request), "");
        if (Go(step, operation) is { } mismatch)
        {
            mismatch.Keys.UnionWith(_influence.KeysOf(operation.Request));
            return mismatch;
        }

        gap.Taken = candidate;
        _takenBy.Add(candidate, gap);
        return null;
    }

    private Mismatch? Go(in ModelStep step, Operation by)
    {
        Mismatch? mismatch = Compare(step.After, step.Changes, by) ?? Compare(step.After, by);
        if (mismatch is null)
            _model = step.After;
        return mismatch;
    }

    private Mismatch? Compare(KeySpaceModel model, IReadOnlyList<ObservedChange> changes, Operation by)
    {
        if (_order.ObservationOf(model.Revision) is not { } seen || seen.Changes.SequenceEqual(changes))
            return null;
        HashSet<string> keys = [.. _influence.KeysOf(by.Request), .. seen.Changes.Select(static each => each.Key)];
        return Note(model.Revision, keys, $"a watcher saw '{string.Join(", ", seen.Changes)}' of\n  {by}");
    }

    /// <summary>Compares the model with all that was answered at its revision.</summary>
    private Mismatch? Compare(KeySpaceModel model, Operation? by)
    {
        long revision = model.Revision;
        foreach (Operation read in _order.ReadsAt(revision))
        {
            ModelStep step = model.Run(read.Request);
            if (!step.Answer.Matches(read.Answer!))
            {
                return Note(
                    revision,
                    _influence.KeysOf(read.Request),
                    $"the answer should be '{step.Answer}', after {by}:\n  {read}");
            }
        }

        foreach ((Operation read, Step.Get get) in _order.PastReadsOf(revision))
        {
            var expected = Answer.OfGet(read.Answer!.Revision, model.Find(get.Key));
            if (!expected.Matches(read.Answer))
                return Note(revision, [get.Key], $"then it was '{model.Find(get.Key)}':\n  {read}");
        }

        foreach (EndedLease ended in _order.LeasesEndedBy(revision))
        {
            if (model.HasKeysOf(ended.Lease))
                return Note(revision, [.. _influence.KeysOf(ended.Lease)], $"{ended} still has keys");
        }

        return null;
    }

    // Of requests that fit equally well, the later called first: most that have an effect have it soon.
    private List<Unanswered> CandidatesFor(long revision)
    {
        var ranked = new List<(int Rank, int Age, Unanswered Request)>();
        foreach (Unanswered request in _order.UnansweredWrites)
        {
            if (request.Floor >= revision)
                break; // called after somebody was told of this revision, as are all that follow
            bool isElsewhere = request.PinnedTo is { } pin && pin != revision;
            if (!isElsewhere && _evidence.Rank(request.Operation.Request, revision) is { } rank)
                ranked.Add((rank, -request.Number, request));
        }

        ranked.Sort(static (left, right) => (left.Rank, left.Age).CompareTo((right.Rank, right.Age)));
        return [.. ranked.Select(static each => each.Request)];
    }

    /// <summary>The gaps, before the one of that number, in which another choice could have made a
    /// difference.</summary>
    private SortedSet<int> CulpritsOf(Mismatch mismatch, int before)
    {
        var culprits = new SortedSet<int>();
        Dictionary<string, long> causes = _influence.CausesOf(mismatch.Keys, mismatch.Revision);
        foreach (Gap gap in _gaps.Take(before))
        {
            if (gap.Touchable.Any(key => causes.TryGetValue(key, out long since) && since < gap.Revision))
                culprits.Add(gap.Number);
        }

        return culprits;
    }

    // What stood in the way furthest on is the best explanation there is.
    private Mismatch Note(long revision, HashSet<string> keys, string finding)
    {
        var mismatch = new Mismatch(revision, keys, finding);
        if (_furthest is null || revision > _furthest.Revision)
            _furthest = mismatch;
        return mismatch;
    }

    /// <summary>What does not fit, and the keys that would have to be different.</summary>
    private sealed record Mismatch(long Revision, HashSet<string> Keys, string Finding)
    {
        public override string ToString() => $"at revision {Revision}, {Finding}";
    }
}
