using Etcdserverpb;
using Google.Protobuf;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

public sealed class MvccModelTests
{
    /// <summary>The same requests to the store and to a list of everything, with commits, compactions and restarts at
    /// any time between: the same answers, and the same refusals.</summary>
    [Theory]
    [Seeds(60)]
    public void Answers_like_a_list_of_everything(int seed)
    {
        var random = new Random(seed);
        using SimulatedDisk disk = StoreWorld.MakeDisk(seed);
        using var world = new StoreWorld(disk);
        world.Leases.Known.Add(RandomRequests.Lease);
        var model = new NaiveStore { Leases = { RandomRequests.Lease } };
        var requests = new RandomRequests(random, keys: random.Next(1, 40));

        for (int step = 0; step < 150; step++)
        {
            IMessage request = requests.Next(model.Current, model.Compacted);
            bool isAwaited = random.Next(4) != 0;
            (KvError expected, IMessage? expectedReply) = model.Apply(request);
            (KvError actual, IMessage? reply) = world.Apply(request, isAwaited && request is not CompactionRequest);
            Assert.True(expected == actual, $"{request}: expected {expected}, got {actual}");
            if (reply is not null)
                Assert.Equal(expectedReply, reply);

            Assert.Equal(model.Current, world.Store.CurrentRevision);
            Assert.Equal(model.Compacted, world.Store.CompactRevision);
            for (int read = 0; read < 3; read++)
                CheckRange(world, model, requests.Range(model.Current), random);
            LetTimePass(world, random);
        }
    }

    private static void CheckRange(StoreWorld world, NaiveStore model, RangeRequest request, Random random)
    {
        (KvError expected, RangeResponse? expectedReply) = model.Range(request);
        (KvError actual, RangeResponse? reply) = world.Range(request, pieceBytes: random.Next(1, 100));
        Assert.True(expected == actual, $"{request}: expected {expected}, got {actual}");
        Assert.True(Equals(expectedReply, reply), $"{request}:\nexpected {expectedReply}\ngot      {reply}");
    }

    private static void LetTimePass(StoreWorld world, Random random)
    {
        switch (random.Next(12))
        {
            case 0:
                world.Tick();
                break;
            case < 4:
                world.CommitLane.RunOne();
                break;
            case < 8:
                world.CompactionLane.RunOne();
                break;
            case 8 when random.Next(3) == 0:
                world.Settle();
                break;
            case 9 when random.Next(3) == 0:
                world.Restart();
                break;
        }
    }
}
