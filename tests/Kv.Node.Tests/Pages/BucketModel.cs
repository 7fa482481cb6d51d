using Kv.Storage.Pages;

namespace Kv.Node.Tests.Pages;

/// <summary>What a bucket should hold.</summary>
internal sealed class BucketModel
{
    public SortedDictionary<byte[], byte[]> Values { get; } = new(ByteOrder.Instance);

    public SortedDictionary<byte[], BucketModel> Buckets { get; } = new(ByteOrder.Instance);

    public ulong Sequence { get; set; }

    public BucketModel Clone()
    {
        var clone = new BucketModel { Sequence = Sequence };
        foreach ((byte[] key, byte[] value) in Values)
            clone.Values.Add(key, value);
        foreach ((byte[] name, var bucket) in Buckets)
            clone.Buckets.Add(name, bucket.Clone());
        return clone;
    }

    public void AssertEqual(Bucket bucket)
    {
        Assert.Equal(Sequence, bucket.Sequence);
        foreach ((byte[] key, byte[] value) in Values)
        {
            Assert.True(bucket.TryGet(key, out var found));
            Assert.True(found.SequenceEqual(value));
        }

        AssertWalk(bucket);
        foreach ((byte[] name, var model) in Buckets)
        {
            Assert.False(bucket.TryGet(name, out _));
            Assert.True(bucket.TryOpenBucket(name, out var inner));
            model.AssertEqual(inner);
        }
    }

    public void AssertEqual(WriteBucket bucket)
    {
        Assert.Equal(Sequence, bucket.Sequence);
        foreach ((byte[] key, byte[] value) in Values)
        {
            Assert.True(bucket.TryGet(key, out var found));
            Assert.True(found.SequenceEqual(value));
        }

        foreach ((byte[] name, var model) in Buckets)
        {
            Assert.True(bucket.TryOpenBucket(name, out var inner));
            model.AssertEqual(inner);
        }
    }

    private void AssertWalk(Bucket bucket)
    {
        byte[][] keys = [.. Values.Keys.Concat(Buckets.Keys).Order(ByteOrder.Instance)];
        var cursor = bucket.OpenCursor();
        int index = 0;
        for (bool stands = cursor.SeekFirst(); stands; stands = cursor.Next())
        {
            Assert.True(index < keys.Length);
            Assert.True(cursor.Key.SequenceEqual(keys[index]));
            Assert.Equal(Buckets.ContainsKey(keys[index]), cursor.IsBucket);
            if (!cursor.IsBucket)
                Assert.True(cursor.Value.SequenceEqual(Values[keys[index]]));
            index++;
        }

        Assert.Equal(keys.Length, index);
        for (bool stands = cursor.SeekLast(); stands; stands = cursor.Previous())
            Assert.True(cursor.Key.SequenceEqual(keys[--index]));
        Assert.Equal(0, index);

        for (int step = 0; step < keys.Length; step += 7)
        {
            byte[] wanted = [.. keys[step], 0];
            bool isThere = cursor.Seek(wanted);
            int expected = Array.FindIndex(keys, key => ByteOrder.Instance.Compare(key, wanted) >= 0);
            Assert.Equal(expected >= 0, isThere);
            if (isThere)
                Assert.True(cursor.Key.SequenceEqual(keys[expected]));
        }
    }
}
