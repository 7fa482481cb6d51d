using System.Text;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

public sealed class KeyIndexTests
{
    /// <summary>Against generations searched from the front, through splits, merges and compactions, at any readable
    /// revision.</summary>
    [Theory]
    [Seeds(15)]
    public void Knows_what_the_model_knows(int seed)
    {
        var random = new Random(seed);
        var world = new KeyIndexWorld(random, keys: random.Next(1, 1500));
        int steps = random.Next(10, 3000);
        for (int step = 0; step < steps; step++)
            world.Change();

        world.CheckAll();
        for (int round = 0; round < 5; round++)
        {
            world.Compact();
            world.CheckAll();
            for (int step = 0; step < 200; step++)
                world.Change();
            world.CheckAll();
        }
    }

    [Fact]
    public void Compaction_keeps_what_the_last_readable_revision_shows()
    {
        // put 1, put 2, delete 3, put 4, delete 5: what is left after a compaction at each.
        Assert.Equal("2 3 4 5", KnownAfterCompaction(2));
        Assert.Equal("3 4 5", KnownAfterCompaction(3));
        Assert.Equal("4 5", KnownAfterCompaction(4));
        Assert.Equal("5", KnownAfterCompaction(5));
        Assert.Equal("", KnownAfterCompaction(6));
    }

    /// <summary>A delete of all from a key on and a put behind it may share a request. etcd would drop the row of the
    /// put here and fail to read it later.</summary>
    [Fact]
    public void A_put_after_a_deletion_in_one_request_survives_a_compaction_at_it()
    {
        var index = new KeyIndex();
        index.Put("k"u8, new Revision(2, 0));
        index.Delete("k"u8, new Revision(3, 0));
        index.Put("k"u8, new Revision(3, 1));
        KeyIndexWorld.CompactAll(index, 3);

        Assert.True(index.TryGet("k"u8, 3, out KeyState state));
        Assert.Equal(new KeyState(new Revision(3, 1), Created: 3, Version: 1), state);
        Assert.True(index.Contains("k"u8, new Revision(3, 0)));
        Assert.False(index.Contains("k"u8, new Revision(2, 0)));
    }

    [Fact]
    public void A_million_keys_take_less_than_a_hundred_bytes_each_beyond_themselves()
    {
        const int Count = 100_000; // a tenth, as the tree is the same
        var random = new Random(1);
        var index = new KeyIndex();
        long keyBytes = 0;
        for (int number = 0; number < Count; number++)
        {
            byte[] key = Encoding.ASCII.GetBytes($"/registry/pods/ns-{random.Next(100)}/pod-{random.Next()}-{number}");
            keyBytes += key.Length;
            index.Put(key, new Revision(number + 2, 0));
        }

        Assert.Equal(Count, index.LiveCount);
        Assert.InRange(index.MeasureBytes() - keyBytes, 0, 60 * Count);
    }

    [Fact]
    public void Overwriting_a_key_costs_little_more_than_the_revision_kept()
    {
        var index = new KeyIndex();
        index.Put("k"u8, new Revision(2, 0));
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int main = 3; main < 10_003; main++)
            index.Put("k"u8, new Revision(main, 0));

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / 10_000, 0, 64);
    }

    private static string KnownAfterCompaction(long revision)
    {
        var index = new KeyIndex();
        foreach (int main in (int[])[1, 2, 3, 4, 5])
        {
            if (main is 3 or 5)
                index.Delete("k"u8, new Revision(main, 0));
            else
                index.Put("k"u8, new Revision(main, 0));
        }

        KeyIndexWorld.CompactAll(index, revision);
        return string.Join(' ', Enumerable.Range(1, 5).Where(main => index.Contains("k"u8, new Revision(main, 0))));
    }
}
