using System.Runtime.InteropServices;
using Kv.Store;

namespace Kv.Node.Tests.Store;

/// <summary>The index and the model side by side.</summary>
internal sealed class KeyIndexWorld
{
    private readonly Random _random;
    private readonly List<byte[]> _keys = [];
    private readonly List<(byte[] Key, Revision Revision)> _history = [];
    private readonly KeyIndex _index = new();
    private readonly KeyModel _model = new();
    private Revision _revision = new(1, 0);
    private long _compacted;

    public KeyIndexWorld(Random random, int keys)
    {
        _random = random;
        var distinct = new SortedSet<byte[]>(new BytesOrder());
        for (int count = 0; count < keys; count++)
            distinct.Add([.. KeyModel.RandomKey(random), .. BitConverter.GetBytes((short)random.Next(keys))]);
        if (random.Next(10) == 0)
            distinct.Add(new byte[30_000]);
        _keys.AddRange(distinct);
        if (random.Next(2) == 0)
            random.Shuffle(CollectionsMarshal.AsSpan(_keys));
    }

    public static void CompactAll(KeyIndex index, long revision)
    {
        var scan = new IndexScan(KeyRange.All);
        while (!scan.IsDone)
        {
            int budget = 3;
            index.Compact(ref scan, revision, ref budget);
        }

        scan.Dispose();
    }

    public void Change()
    {
        bool isSameRequest = _revision.Main > _compacted + 1 && _random.Next(4) == 0;
        _revision = isSameRequest
            ? new Revision(_revision.Main, _revision.Sub + 1)
            : new Revision(_revision.Main + 1, 0);
        byte[] key = _keys[_random.Next(3) == 0 ? _random.Next(_keys.Count) : _history.Count % _keys.Count];
        if (_history.Count > 0 && _history[^1].Revision.Main == _revision.Main && WasChangedIn(key, _revision.Main))
            return; // etcd's rule for a deletion and a put in one request is another one: tested by name

        _history.Add((key, _revision));
        if (_random.Next(3) == 0)
        {
            Assert.Equal(_model.Delete(key, _revision), _index.Delete(key, _revision));
            return;
        }

        _model.Put(key, _revision);
        Assert.Equal(_model.Get(key, _revision.Main), _index.Put(key, _revision));
    }

    public void Compact()
    {
        _compacted = _random.NextInt64(_compacted, _revision.Main + 1);
        _model.Compact(_compacted);
        CompactAll(_index, _compacted);
    }

    public void CheckAll()
    {
        for (int check = 0; check < 5; check++)
        {
            long at = check == 0 ? _revision.Main : _random.NextInt64(_compacted, _revision.Main + 1);
            foreach (byte[] key in _keys)
                CheckGet(key, at);
            for (int range = 0; range < 5; range++)
                CheckRange(RandomBound(), _random.Next(3) == 0 ? [0] : RandomBound(), at);
        }

        foreach ((byte[] key, Revision revision) in _history)
            Assert.Equal(_model.Contains(key, revision), _index.Contains(key, revision));
        Assert.Equal(_keys.Count(key => _model.Get(key, _revision.Main) is not null), _index.LiveCount);
    }

    private bool WasChangedIn(byte[] key, long main)
    {
        for (int at = _history.Count - 1; at >= 0 && _history[at].Revision.Main == main; at--)
        {
            if (_history[at].Key == key)
                return true;
        }

        return false;
    }

    private byte[] RandomBound() =>
        _random.Next(2) == 0 ? [.. KeyModel.RandomKey(_random), 1] : _keys[_random.Next(_keys.Count)];

    private void CheckGet(byte[] key, long at)
    {
        KeyState? expected = _model.Get(key, at);
        KeyState? actual = _index.TryGet(key, at, out KeyState state) ? state : null;
        Assert.Equal(expected, actual);
    }

    private void CheckRange(byte[] from, byte[] end, long at)
    {
        if (end.Length == 0)
            return;

        var range = new KeyRange(from, end);
        var expected = new List<string>();
        foreach (byte[] key in _model.Keys)
        {
            if (range.Contains(key) && _model.Get(key, at) is { } state)
                expected.Add($"{Convert.ToHexString(key)} {state}");
        }

        var scan = new IndexScan(range);
        var actual = new List<string>();
        while (_index.MoveNext(ref scan, out IndexLeaf leaf, out int first, out int last))
        {
            for (int position = first; position < last; position++)
            {
                if (_index.IsVisible(leaf.Slots[position], at, out KeyState state))
                    actual.Add($"{Convert.ToHexString(leaf.Keys.ToArray(position))} {state}");
            }
        }

        Assert.Equal(expected, actual);
        Assert.Equal(expected.Count, Count(range, at));
    }

    private long Count(KeyRange range, long at)
    {
        var scan = new IndexScan(range);
        long counted = 0;
        while (!scan.IsDone)
        {
            int budget = _random.Next(1, 300);
            counted += _index.Count(ref scan, at, ref budget);
        }

        scan.Dispose();
        return counted;
    }
}
