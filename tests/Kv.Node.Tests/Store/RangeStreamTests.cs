using Etcdserverpb;
using Google.Protobuf;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

public sealed class RangeStreamTests
{
    /// <summary>All messages together are the answer that a single one would have been, though the store changes
    /// meanwhile.</summary>
    [Theory]
    [Seeds(40)]
    public void Messages_add_up_to_the_answer(int seed)
    {
        var random = new Random(seed);
        using SimulatedDisk disk = StoreWorld.MakeDisk(seed);
        using var world = new StoreWorld(disk);
        for (int number = 0; number < 300; number++)
            world.Put($"k{random.Next(200)}", new string('v', random.Next(100)));
        var request = new RangeRequest
        {
            Key = "k".Bytes(),
            RangeEnd = random.Next(4) == 0 ? ByteString.Empty : "k8".Bytes(),
            Limit = random.Next(2) == 0 ? 0 : random.Next(250),
            Revision = random.Next(2) == 0 ? 0 : random.Next(100, 200),
            KeysOnly = random.Next(3) == 0,
            CountOnly = random.Next(6) == 0,
        };
        RangeResponse expected = world.Range(request).Reply!;
        RangeStream stream = world.Store.OpenStream(request.ToByteArray(), random.Next(100, 5000));
        var all = new RangeResponse();
        int messages = 0;
        while (!stream.IsDone)
        {
            using RangeReply reply = stream.Next(StoreWorld.Header);
            RangeResponse part = RangeStreamResponse.Parser.ParseFrom(StoreWorld.Copy(reply, 77)).RangeResponse;
            Assert.Equal(stream.IsDone, part.Header is not null);
            Assert.True(stream.IsDone || (!part.More && part.Count == 0));
            all.MergeFrom(part);
            messages++;
            world.Put($"k{random.Next(200)}", "new");
            if (messages == 1)
                Assert.InRange(part.Kvs.Count, 0, 10);
        }

        all.Header.Revision = expected.Header.Revision; // the store has moved on
        Assert.Equal(expected, all);
    }

    /// <summary>The next key after one is that with a zero behind it.</summary>
    [Fact]
    public void Keys_right_behind_each_other_are_all_given()
    {
        const int Keys = 100;
        using var world = new StoreWorld();
        for (int zeros = 0; zeros < Keys; zeros++)
            world.Put("k" + new string('\0', zeros));
        RangeStream stream = world.Store.OpenStream(Some.Range("k", "l").ToByteArray(), 1000);
        var lengths = new List<int>();
        while (!stream.IsDone)
        {
            using RangeReply reply = stream.Next(StoreWorld.Header);
            RangeResponse part = RangeStreamResponse.Parser.ParseFrom(StoreWorld.Copy(reply, 77)).RangeResponse;
            lengths.AddRange(part.Kvs.Select(found => found.Key.Length));
        }

        Assert.Equal(Enumerable.Range(1, Keys), lengths);
    }

    [Fact]
    public void A_stream_ends_when_its_revision_is_compacted()
    {
        using var world = new StoreWorld();
        for (int number = 0; number < 100; number++)
            world.Put($"k{number}");
        RangeStream stream = world.Store.OpenStream(Some.Range("k", "l").ToByteArray(), 1000);
        using (RangeReply first = stream.Next(StoreWorld.Header))
            Assert.Equal(KvError.None, first.Error);
        world.Put("k");
        world.Apply(new CompactionRequest { Revision = world.Store.CurrentRevision });

        using RangeReply second = stream.Next(StoreWorld.Header);
        Assert.Equal(KvError.Compacted, second.Error);
        Assert.True(stream.IsDone);
    }
}
