using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

public sealed class PackedKeysTests
{
    [Theory]
    [Seeds(40)]
    public void Hold_the_same_keys_as_a_sorted_list(int seed)
    {
        var random = new Random(seed);
        var keys = new PackedKeys();
        var model = new List<byte[]>();

        for (int step = 0; step < 300; step++)
        {
            byte[] key = KeyModel.RandomKey(random);
            bool isFound = keys.Find(key, out int position);
            Assert.Equal(model.FindIndex(other => other.AsSpan().SequenceEqual(key)) >= 0, isFound);
            Assert.Equal(model.Count(other => other.AsSpan().SequenceCompareTo(key) < 0), position);

            if (!isFound)
            {
                keys.Insert(position, key);
                model.Insert(position, key);
            }
            else if (random.Next(2) == 0)
            {
                keys.RemoveAt(position);
                model.RemoveAt(position);
            }

            if (model.Count > 1 && random.Next(20) == 0)
            {
                int first = random.Next(0, model.Count / 2);
                int end = random.Next(first + 1, model.Count + 1);
                keys = keys.Slice(first, end);
                model = model[first..end];
            }

            Check(model, keys);
            if (model.Count > 0)
                Assert.Equal(Math.Sign(model[0].AsSpan().SequenceCompareTo(key)), Math.Sign(keys.Compare(0, key)));
        }
    }

    [Theory]
    [Seeds(40)]
    public void A_separator_parts_what_is_left_of_it_from_what_is_right(int seed)
    {
        var random = new Random(seed);
        byte[][] pair = [KeyModel.RandomKey(random), KeyModel.RandomKey(random)];
        Array.Sort(pair, (left, right) => left.AsSpan().SequenceCompareTo(right));
        if (pair[0].AsSpan().SequenceEqual(pair[1]))
            return;

        var keys = new PackedKeys();
        keys.Insert(0, pair[0]);
        keys.Insert(1, pair[1]);
        byte[] separator = keys.Slice(0, 2).ShortestBetween(1);

        Assert.True(separator.AsSpan().SequenceCompareTo(pair[0]) > 0);
        Assert.True(separator.AsSpan().SequenceCompareTo(pair[1]) <= 0);
    }

    private static void Check(List<byte[]> model, PackedKeys keys)
    {
        Assert.Equal(model.Count, keys.Count);
        for (int index = 0; index < model.Count; index++)
            Assert.Equal(model[index], keys.ToArray(index));
    }
}
