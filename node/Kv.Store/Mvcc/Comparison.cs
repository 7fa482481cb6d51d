namespace Kv.Store;

/// <summary>Evaluates the comparisons of a transaction. A key that does not exist has version, revisions and lease 0;
/// it has no value, so nothing said about that holds. Of a range all keys must satisfy what is said, and one without
/// keys counts as one missing key.</summary>
internal readonly ref struct Comparison(KeySpace space, in ReadPoint point)
{
    private const int StepLeaves = 4;

    private readonly KeySpace _space = space;
    private readonly KeyIndex _index = point.Index;
    private readonly StoreView _view = point.View;
    private readonly long _at = point.Current;

    public bool Holds(in CompareView compare)
    {
        if (!compare.Range.IsSingle)
            return HoldsForRange(compare);

        KeyState state;
        bool isThere;
        lock (_space.Gate)
            isThere = _index.TryGet(compare.Key, _at, out state);
        return isThere ? HoldsFor(compare, state) : HoldsForMissing(compare);
    }

    private static bool HoldsForMissing(in CompareView compare) =>
        compare.Target != CompareTarget.Value && Satisfies(compare.Result, 0L.CompareTo(compare.Number));

    // Targets that are unknown compare as equal, results that are unknown hold: so does etcd.
    private static bool Satisfies(CompareResult result, int order) => result switch
    {
        CompareResult.Equal => order == 0,
        CompareResult.Greater => order > 0,
        CompareResult.Less => order < 0,
        CompareResult.NotEqual => order != 0,
        _ => true,
    };

    private bool HoldsFor(in CompareView compare, in KeyState state)
    {
        int order = compare.Target switch
        {
            CompareTarget.Version => state.Version.CompareTo(compare.Number),
            CompareTarget.Create => state.Created.CompareTo(compare.Number),
            CompareTarget.Mod => state.Modified.Main.CompareTo(compare.Number),
            CompareTarget.Value => RowOf(state).Value.SequenceCompareTo(compare.Value),
            CompareTarget.Lease => RowOf(state).Lease.CompareTo(compare.Number),
            _ => 0,
        };
        return Satisfies(compare.Result, order);
    }

    private bool HoldsForRange(in CompareView compare)
    {
        bool isAny = false;
        var states = new List<KeyState>();
        var scan = new IndexScan(compare.Range);
        while (!scan.IsDone)
        {
            states.Clear();
            lock (_space.Gate)
                Collect(ref scan, states);
            isAny |= states.Count > 0;
            foreach (KeyState state in states)
            {
                if (HoldsFor(compare, state))
                    continue;
                scan.Dispose();
                return false;
            }
        }

        scan.Dispose();
        return isAny || HoldsForMissing(compare);
    }

    private void Collect(ref IndexScan scan, List<KeyState> states)
    {
        int left = StepLeaves;
        while (left-- > 0 && _index.MoveNext(ref scan, out IndexLeaf leaf, out int from, out int to))
        {
            foreach (ref readonly KeySlot slot in leaf.Slots[from..to])
            {
                if (_index.IsVisible(slot, _at, out KeyState state))
                    states.Add(state);
            }
        }
    }

    private KeyValueView RowOf(in KeyState state)
    {
        KeyValueView.TryRead(_view.Read(_view.Find(state.Modified)), out KeyValueView row);
        return row;
    }
}
