using System.Buffers.Binary;
using System.Text;
using Kv.Storage.Pages;

namespace Kv.Node.Tests.Pages;

/// <summary>Random changes, made to a bucket and to its model alike: appends at the end as a store of revisions makes
/// them, puts anywhere, large values, deletes of single keys and of ranges, and buckets in buckets.</summary>
internal sealed class Workload(Random random)
{
    private const int NestingMax = 3;

    private long _revision;

    public void Change(WriteBucket bucket, BucketModel model, int nesting = 0)
    {
        int steps = random.Next(1, 5);
        for (int step = 0; step < steps; step++)
        {
            switch (random.Next(8))
            {
                case 0:
                    Append(bucket, model);
                    break;
                case 1:
                    PutAnywhere(bucket, model);
                    break;
                case 2:
                    Put(bucket, model, RandomKey(), Bytes(random.Next(3000, 30_000)));
                    break;
                case 3:
                    DeleteSome(bucket, model);
                    break;
                case 4:
                    DeleteRange(bucket, model);
                    break;
                case 5:
                    bucket.Sequence = model.Sequence = (ulong)random.Next(100);
                    break;
                default:
                    ChangeBucket(bucket, model, nesting);
                    break;
            }
        }
    }

    private void Append(WriteBucket bucket, BucketModel model)
    {
        bucket.FillPercent = 0.9;
        int count = random.Next(1, 300);
        for (int index = 0; index < count; index++)
        {
            byte[] key = new byte[17];
            BinaryPrimitives.WriteInt64BigEndian(key, ++_revision);
            key[8] = (byte)'_';
            Put(bucket, model, key, Bytes(random.Next(100)));
        }
    }

    private void PutAnywhere(WriteBucket bucket, BucketModel model)
    {
        int count = random.Next(1, 100);
        for (int index = 0; index < count; index++)
            Put(bucket, model, RandomKey(), Bytes(random.Next(random.Next(2) == 0 ? 10 : 500)));
    }

    private void DeleteSome(WriteBucket bucket, BucketModel model)
    {
        foreach (byte[] key in model.Values.Keys.Where(_ => random.Next(3) == 0).ToArray())
        {
            Assert.True(bucket.Delete(key));
            Assert.False(bucket.Delete(key));
            model.Values.Remove(key);
        }

        Assert.False(bucket.Delete("no such key"u8));
    }

    private void DeleteRange(WriteBucket bucket, BucketModel model)
    {
        int from = random.Next(3) == 0 ? Math.Min(3, model.Values.Count) : random.Next(model.Values.Count + 1);
        int count = random.Next(3) == 0 ? model.Values.Count - from : random.Next(model.Values.Count + 1);
        foreach (byte[] key in model.Values.Keys.Skip(from).Take(count).ToArray())
        {
            Assert.True(bucket.Delete(key));
            model.Values.Remove(key);
        }
    }

    private void ChangeBucket(WriteBucket bucket, BucketModel model, int nesting)
    {
        byte[] name = Encoding.ASCII.GetBytes($"bucket {random.Next(4)}");
        if (nesting == NestingMax)
            return;

        if (random.Next(6) == 0)
        {
            Assert.Equal(model.Buckets.Remove(name), bucket.DeleteBucket(name));
            return;
        }

        if (!model.Buckets.TryGetValue(name, out var inner))
        {
            inner = new BucketModel();
            model.Buckets.Add(name, inner);
        }

        Change(bucket.CreateBucketIfMissing(name), inner, nesting + 1);
    }

    private static void Put(WriteBucket bucket, BucketModel model, byte[] key, byte[] value)
    {
        bucket.Put(key, value);
        model.Values[key] = value;
    }

    private byte[] RandomKey() => Encoding.ASCII.GetBytes($"key {random.Next(2000)}{new string('k', random.Next(40))}");

    private byte[] Bytes(int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}
