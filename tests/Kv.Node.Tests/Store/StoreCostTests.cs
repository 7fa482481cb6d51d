using System.Buffers;
using Google.Protobuf;
using Kv.Store;

namespace Kv.Node.Tests.Store;

/// <summary>What a request may allocate, since at a hundred thousand a second nothing else shows that early.</summary>
public sealed class StoreCostTests
{
    private const int Count = 10_000;

    [Fact]
    public void A_get_allocates_nothing()
    {
        using var world = new StoreWorld();
        for (int number = 0; number < 1000; number++)
            world.Put($"key{number}", "value");
        world.Restart();
        world.Put("pending", "value");

        Assert.Equal(0, PerGet(world, Some.Range("key500").ToByteArray()));
        Assert.Equal(0, PerGet(world, Some.Range("pending").ToByteArray()));
        Assert.Equal(0, PerGet(world, Some.Range("key5", "key50").ToByteArray()));
    }

    /// <summary>The row's bytes, and 24 for where they lie; and 16 for the revision that is past now, a few times over,
    /// as the list of them grows by halves.</summary>
    [Fact]
    public void A_put_allocates_what_it_stores()
    {
        using var world = new StoreWorld();
        byte[] request = Some.Put("key", new string('x', 100)).ToByteArray();
        var reply = new ArrayBufferWriter<byte>();
        long stored = PerPut(world, request, reply);
        Assert.InRange(stored, 100, 128 + 24 + (16 * 5));
    }

    [Fact]
    public void A_transaction_allocates_what_it_stores()
    {
        using var world = new StoreWorld();
        var txn = Some.Txn(["+key", "=key"]);
        txn.Compare.Add(new Etcdserverpb.Compare
        {
            Key = "key".Bytes(),
            Target = Etcdserverpb.Compare.Types.CompareTarget.Create,
        });
        txn.Failure.Add(Some.Op(Some.Put("key", new string('x', 100))));
        byte[] request = txn.ToByteArray();
        var reply = new ArrayBufferWriter<byte>();
        long before = 0;
        for (int number = 0; number < 2 * Count; number++)
        {
            if (number == Count)
                before = GC.GetAllocatedBytesForCurrentThread();
            world.Store.Txn(request, StoreWorld.Header, reply);
            reply.ResetWrittenCount();
        }

        Assert.InRange((GC.GetAllocatedBytesForCurrentThread() - before) / Count, 100, 128 + 24 + (16 * 5));
    }

    private static long PerGet(StoreWorld world, byte[] request)
    {
        byte[] copy = new byte[64 << 10];
        long before = 0;
        for (int number = 0; number < 2 * Count; number++)
        {
            if (number == Count)
                before = GC.GetAllocatedBytesForCurrentThread();
            using RangeReply reply = world.Store.Range(request, StoreWorld.Header);
            reply.CopyTo(copy);
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Count;
    }

    private static long PerPut(StoreWorld world, byte[] request, ArrayBufferWriter<byte> reply)
    {
        long before = 0;
        for (int number = 0; number < 2 * Count; number++)
        {
            if (number == Count)
                before = GC.GetAllocatedBytesForCurrentThread();
            world.Store.Put(request, StoreWorld.Header, reply);
            reply.ResetWrittenCount();
        }

        return (GC.GetAllocatedBytesForCurrentThread() - before) / Count;
    }
}
