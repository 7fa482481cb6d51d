using Kv.Storage.Pages;

namespace Kv.Store;

/// <summary>Answers ranges at a revision. The index is looked through in short steps, inside the gate; rows are fetched
/// between them, outside, as a page may have to come from the disk. What has order or filters is chosen by what the
/// index knows, so only rows that are part of the answer are fetched (but for an order by value).</summary>
internal ref struct RangeReader
{
    // A few thousand comparisons and copies: well below 100 us, the longest that the gate may be held.
    private const int StepSlots = 512;

    // A list that grew larger than this is not kept for the thread's next read.
    private const int StatesKeptMax = 16 << 10;

    // What the index said, kept per thread from read to read.
    [ThreadStatic]
    private static List<KeyState>? _statesOfThread;

    private readonly KeySpace _space;
    private readonly KeyIndex _index;
    private readonly long _at;
    private readonly StoreView _view;
    private readonly RangeRequestView _request;
    private readonly RangeReply _reply;
    private readonly List<KeyState> _states;

    private RangeReader(
        KeySpace space, in ReadPoint point, long at, RangeRequestView request, RangeReply reply)
    {
        _space = space;
        _index = point.Index;
        _view = point.View;
        _at = at;
        _request = request;
        _reply = reply;
        if (_statesOfThread is null || _statesOfThread.Capacity > StatesKeptMax)
            _statesOfThread = [];
        _states = _statesOfThread;
        _states.Clear();
    }

    /// <summary>The one key of a request without range end. The whole of it is one visit to the gate, so it needs no
    /// <see cref="ReadPoint"/>.</summary>
    public static void ReadOne(KeySpace space, in RangeRequestView request, RangeReply reply)
    {
        bool isThere;
        KeyState state;
        StoreView view;
        lock (space.Gate)
        {
            reply.Revision = space.Current;
            long at = request.Revision > 0 ? request.Revision : reply.Revision;
            reply.Error = space.CheckReadable(at);
            if (reply.Error != KvError.None)
                return;
            isThere = space.Index.TryGet(request.Key, at, out state);
            view = space.Backend.Hold();
        }

        reply.Own(view);
        reply.Count = isThere ? 1 : 0;
        if (isThere && !request.CountOnly && Passes(request, state))
            reply.Slices.Add(Fetch(view, state, request, reply));
    }

    /// <summary>Reads at a revision that the caller has checked; the reply holds the view.</summary>
    public static void Read(
        KeySpace space, in ReadPoint point, long at, in RangeRequestView request, RangeReply reply)
    {
        var reader = new RangeReader(space, point, at, request, reply);
        if (request.Range.IsSingle)
            reader.ReadSingle();
        else if (request.CountOnly)
            reply.Count = reader.CountAll();
        else if (reader.IsChoosy)
            reader.ReadChosen();
        else
            reader.ReadInOrder(counts: true);
    }

    /// <summary>Reads up to the limit, in the order of keys, without counting what lies behind.</summary>
    public static void ReadSome(
        KeySpace space, in ReadPoint point, long at, in RangeRequestView request, RangeReply reply)
    {
        var reader = new RangeReader(space, point, at, request, reply);
        if (request.Range.IsSingle)
            reader.ReadSingle();
        else
            reader.ReadInOrder(counts: false);
    }

    // Ascending by key is the order of the index; asking for it changes nothing.
    private readonly bool IsChoosy => _request.IsSorted || _request.HasFilter;

    // As in etcd, an order other than by key without a direction sorts only as many keys as the limit lets through.
    private readonly long CollectMax =>
        _request.Limit > 0 && _request.Order == SortOrder.None && !_request.HasFilter
            ? Math.Min(_request.Limit, int.MaxValue) + 1
            : int.MaxValue;

    private static bool Passes(in RangeRequestView request, in KeyState state)
    {
        long modified = state.Modified.Main;
        return (request.MaxModRevision == 0 || modified <= request.MaxModRevision) &&
            (request.MinModRevision == 0 || modified >= request.MinModRevision) &&
            (request.MaxCreateRevision == 0 || state.Created <= request.MaxCreateRevision) &&
            (request.MinCreateRevision == 0 || state.Created >= request.MinCreateRevision);
    }

    // Without values, the answer is made from what the index knows, which is all but the lease; as in etcd.
    private static ValueSlice Fetch(
        StoreView view, in KeyState state, in RangeRequestView request, RangeReply reply)
    {
        ValueSlice slice = view.Find(state.Modified);
        if (!request.KeysOnly)
            return slice;

        KeyValueView.TryRead(view.Read(slice), out KeyValueView keyValue);
        long lease = request.Target == SortTarget.Value ? keyValue.Lease : 0;
        return Make(reply, keyValue.Key, state, lease);
    }

    private static ValueSlice Make(RangeReply reply, ReadOnlySpan<byte> key, in KeyState state, long lease)
    {
        int length = KeyValueCodec.SizeOf(key.Length, state, valueLength: 0, lease);
        Span<byte> made = reply.OwnArena.Take(length, out PendingBytes place);
        KeyValueCodec.Write(made, key, state, [], lease);
        return new ValueSlice(ValueSlice.OwnBatch, place);
    }

    private readonly void ReadSingle()
    {
        KeyState state;
        bool isThere;
        lock (_space.Gate)
            isThere = _index.TryGet(_request.Key, _at, out state);
        _reply.Count = isThere ? 1 : 0;
        if (isThere && !_request.CountOnly && Passes(_request, state))
            _reply.Slices.Add(Fetch(_view, state, _request, _reply));
    }

    private readonly long CountAll()
    {
        var scan = new IndexScan(_request.Range);
        long counted = Count(ref scan);
        scan.Dispose();
        return counted;
    }

    private readonly long Count(ref IndexScan scan)
    {
        long counted = 0;
        while (!scan.IsDone)
        {
            int budget = StepSlots;
            lock (_space.Gate)
                counted += _index.Count(ref scan, _at, ref budget);
        }

        return counted;
    }

    private readonly void ReadInOrder(bool counts)
    {
        long limit = _request.Limit > 0 ? _request.Limit : long.MaxValue;
        var scan = new IndexScan(_request.Range);
        var finger = default(BucketFinger);
        while (!scan.IsDone && _reply.Slices.Count < limit)
        {
            _states.Clear();
            lock (_space.Gate)
                Step(ref scan, limit - _reply.Slices.Count);
            foreach (KeyState state in _states)
                _reply.Slices.Add(_view.Find(state.Modified, ref finger));
        }

        if (counts)
            _reply.Count += Count(ref scan);
        _reply.More = _reply.Count > _reply.Slices.Count;
        scan.Dispose();
    }

    // Counts all keys it passes, and notes (or, without values, at once makes) up to `wanted` of them.
    private readonly void Step(ref IndexScan scan, long wanted)
    {
        int budget = StepSlots;
        while (budget > 0 && wanted > 0 &&
            _index.MoveNext(ref scan, out IndexLeaf leaf, out int from, out int to))
        {
            budget -= to - from + 1;
            Span<KeySlot> slots = leaf.Slots;
            for (int position = from; position < to; position++)
            {
                if (!_index.IsVisible(slots[position], _at, out KeyState state))
                    continue;

                _reply.Count++;
                if (wanted-- <= 0)
                    continue;
                if (_request.KeysOnly)
                    _reply.Slices.Add(MakeFrom(leaf, position, state));
                else
                    _states.Add(state);
            }
        }
    }

    private readonly ValueSlice MakeFrom(IndexLeaf leaf, int position, in KeyState state)
    {
        int keyLength = leaf.Keys.LengthOf(position);
        byte[]? rented = null;
        Span<byte> key = keyLength <= 256
            ? stackalloc byte[256]
            : rented = System.Buffers.ArrayPool<byte>.Shared.Rent(keyLength);
        leaf.Keys.CopyTo(position, key);
        ValueSlice slice = Make(_reply, key[..keyLength], state, lease: 0);
        if (rented is not null)
            System.Buffers.ArrayPool<byte>.Shared.Return(rented);
        return slice;
    }

    private readonly void ReadChosen()
    {
        Collect();
        Sort();

        long limit = _request.Limit > 0 ? _request.Limit : long.MaxValue;
        _reply.More = _states.Count > limit;
        int kept = (int)Math.Min(_states.Count, limit);
        for (int index = 0; index < kept; index++)
            _reply.Slices.Add(Fetch(_view, _states[index], _request, _reply));
    }

    private readonly void Collect()
    {
        long collectMax = CollectMax;
        var scan = new IndexScan(_request.Range);
        while (!scan.IsDone && _states.Count < collectMax)
        {
            int budget = StepSlots;
            lock (_space.Gate)
            {
                while (budget > 0 && _index.MoveNext(ref scan, out IndexLeaf leaf, out int from, out int to))
                {
                    budget -= to - from + 1;
                    foreach (ref readonly KeySlot slot in leaf.Slots[from..to])
                        CollectSlot(slot, collectMax);
                }
            }
        }

        _reply.Count += Count(ref scan);
        scan.Dispose();
    }

    private readonly void CollectSlot(in KeySlot slot, long collectMax)
    {
        if (!_index.IsVisible(slot, _at, out KeyState state))
            return;
        _reply.Count++;
        if (_states.Count < collectMax && Passes(_request, state))
            _states.Add(state);
    }

    private readonly void Sort()
    {
        if (_request.Target == SortTarget.Key)
        {
            if (_request.Order == SortOrder.Descend)
                _states.Reverse();
            return;
        }

        SortTarget target = _request.Target;
        Reorder(static (view, state, target) => target switch
        {
            SortTarget.Version => new Ranked(state, state.Version, default),
            SortTarget.Create => new Ranked(state, state.Created, default),
            SortTarget.Mod => new Ranked(state, state.Modified.Main, default),
            _ => new Ranked(state, 0, view.Find(state.Modified)),
        }, target);
    }

    // Keys that are alike in what is sorted by stay in their order, so that every member gives one answer.
    private readonly void Reorder(Func<StoreView, KeyState, SortTarget, Ranked> rank, SortTarget target)
    {
        StoreView view = _view;
        int direction = _request.Order == SortOrder.Descend ? -1 : 1;
        var ranked = new (Ranked Rank, int Place)[_states.Count];
        for (int index = 0; index < ranked.Length; index++)
            ranked[index] = (rank(view, _states[index], target), index);

        Array.Sort(ranked, (left, right) =>
        {
            int order = left.Rank.CompareTo(right.Rank, view);
            return order != 0 ? direction * order : left.Place.CompareTo(right.Place);
        });
        for (int index = 0; index < ranked.Length; index++)
            _states[index] = ranked[index].Rank.State;
    }

    private readonly record struct Ranked(KeyState State, long Number, ValueSlice Row)
    {
        public int CompareTo(in Ranked other, StoreView view)
        {
            if (Row.Length == 0)
                return Number.CompareTo(other.Number);
            return ValueOf(view, Row).SequenceCompareTo(ValueOf(view, other.Row));
        }

        private static ReadOnlySpan<byte> ValueOf(StoreView view, in ValueSlice row)
        {
            KeyValueView.TryRead(view.Read(row), out KeyValueView keyValue);
            return keyValue.Value;
        }
    }
}
