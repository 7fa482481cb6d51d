using Kv.Store.Watching;
using Kv.Testing;

namespace Kv.Node.Tests.Watching;

public sealed class RangeTreeTests
{
    private const int KeysMax = 40;

    /// <summary>Against a list that is looked through from end to end.</summary>
    [Theory]
    [Seeds(100)]
    public void Finds_each_range_that_the_key_lies_in_and_no_other(int seed)
    {
        var random = new Random(seed);
        var tree = new RangeTree();
        var model = new List<WatchedRange>();
        for (int step = 0; step < 200; step++)
        {
            if (model.Count > 0 && random.Next(3) == 0)
            {
                WatchedRange gone = model[random.Next(model.Count)];
                model.Remove(gone);
                tree.Remove(gone);
            }
            else
            {
                WatchRange range = RandomRange(random);
                WatchedRange? known = tree.Get(range);
                WatchedRange added = tree.GetOrAdd(range);
                Assert.Equal(known is not null, model.Contains(added));
                if (known is null)
                    model.Add(added);
            }

            Assert.Equal(model.Count, tree.Count);
            byte[] key = [(byte)random.Next(KeysMax)];
            var found = new List<WatchedRange>();
            tree.Find(key, found);
            HashSet<WatchedRange> expected = [.. model.Where(range => Contains(range, key))];
            Assert.True(expected.SetEquals(found));
            Assert.Equal(found.Count, found.Distinct().Count());
            Assert.Equal(found.Count > 0, tree.Touches(key));
        }
    }

    private static bool Contains(WatchedRange range, byte[] key) =>
        range.Start.AsSpan().SequenceCompareTo(key) <= 0
        && (range.End is null || key.AsSpan().SequenceCompareTo(range.End) < 0);

    private static WatchRange RandomRange(Random random)
    {
        byte start = (byte)random.Next(1, KeysMax);
        byte[] end = random.Next(5) == 0 ? [0] : [(byte)random.Next(start + 1, KeysMax + 2)];
        return new WatchRange([start], end);
    }
}
