using System.Text;
using Kv.Storage.Pages;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

public sealed class BackendTests
{
    /// <summary>What was put is found, wherever it is by now.</summary>
    [Theory]
    [Seeds(30)]
    public void Buckets_show_what_was_put_last(int seed)
    {
        var random = new Random(seed);
        using SimulatedDisk disk = StoreWorld.MakeDisk(seed);
        using var world = new StoreWorld(disk);
        var model = new SortedDictionary<string, string>(StringComparer.Ordinal);
        for (int step = 0; step < 100; step++)
        {
            string key = $"{random.Next(10)}";
            if (random.Next(3) == 0)
            {
                model.Remove(key);
                world.Backend.Delete(StoreBucket.Auth, Bytes(key));
            }
            else
            {
                model[key] = $"{step}";
                world.Backend.Put(StoreBucket.Auth, Bytes(key), Bytes($"{step}"));
            }

            if (random.Next(5) == 0)
                world.Backend.ForceCommit();
            if (random.Next(5) == 0)
                world.CommitLane.RunOne();
            if (random.Next(20) == 0)
                world.Restart();
            Check(world.Backend, model, key);
        }
    }

    [Fact]
    public void A_batch_is_committed_when_its_time_has_come()
    {
        using var world = new StoreWorld();
        world.Put("a");
        world.Backend.Tick(TimeSpan.FromMilliseconds(100));
        Assert.Equal(1, world.CommitLane.Count);
        world.CommitLane.RunOne();

        world.Put("b");
        world.Backend.Tick(TimeSpan.FromMilliseconds(199));
        Assert.Equal(0, world.CommitLane.Count);
        world.Backend.Tick(TimeSpan.FromMilliseconds(200));
        Assert.Equal(1, world.CommitLane.Count);
        world.CommitLane.RunOne();

        world.Backend.Tick(TimeSpan.FromMilliseconds(400));
        Assert.Equal(0, world.CommitLane.Count);
    }

    [Fact]
    public void A_batch_is_committed_when_it_is_large()
    {
        using var world = new StoreWorld(); // large is 100 operations there
        for (int number = 0; number < 100; number++)
            world.Put($"{number}");
        Assert.Equal(1, world.CommitLane.Count);
    }

    /// <summary>While one is being written and one waits, the next only grows.</summary>
    [Fact]
    public void Batches_do_not_pile_up()
    {
        using var world = new StoreWorld();
        for (int number = 0; number < 1000; number++)
            world.Put($"{number}");
        Assert.Equal(2, world.CommitLane.Count);
        world.CommitLane.RunOne();
        world.Put("more");
        Assert.Equal(2, world.CommitLane.Count);
    }

    [Fact]
    public void An_entry_is_never_parted()
    {
        using var world = new StoreWorld();
        for (int number = 0; number < 99; number++)
            world.Put($"{number}");
        world.Apply(Some.Txn(Some.Puts(50)));
        while (world.CommitLane.RunOne())
        {
        }

        Assert.Equal(100UL, IndexInFile(world.Backend));
        using ReadTransaction read = world.Backend.BeginRead();
        read.TryOpenBucket("key"u8, out Bucket keys);
        byte[] last = new byte[Revision.EncodedBytes];
        new Revision(101, 49).Encode(last, isDelete: false);
        Assert.True(keys.TryGet(last, out _));
    }

    /// <summary>The apply lane waits for the commit lane when too much is pending, and no longer than it
    /// must.</summary>
    [Fact]
    public void Applying_waits_when_committing_is_far_behind()
    {
        using SimulatedDisk disk = StoreWorld.MakeDisk(1);
        using var lane = new TestLane();
        using var backend = Backend.Open(disk, StoreWorld.Path, new BackendOptions
        {
            CommitLane = lane,
            BatchOperationsMax = 1,
            PendingBytesMax = 10_000,
            Pages = new PageFileOptions { GrowBytes = 1 << 16, ReservedBytes = 1 << 26 },
        });
        using var release = new ManualResetEventSlim();
        lane.Post(release.Wait);
        ulong applied = 0;
        var applier = new Thread(() =>
        {
            for (ulong index = 1; index <= 100; index++)
            {
                backend.Put(StoreBucket.Auth, "key"u8, new byte[1000]);
                backend.SetConsistentIndex(index, term: 1);
                Volatile.Write(ref applied, index);
            }
        });
        applier.Start();
        Assert.False(applier.Join(TimeSpan.FromMilliseconds(50)));
        Assert.InRange(Volatile.Read(ref applied), 1UL, 20UL);

        release.Set();
        Assert.True(applier.Join(TimeSpan.FromSeconds(30)));
        backend.ForceCommit();
        lane.Drain(TimeSpan.FromSeconds(30));
        Assert.Null(lane.Fault);
        Assert.Equal(100UL, IndexInFile(backend));
    }

    /// <summary>Our own view of the file would otherwise keep the pages that are to be given up.</summary>
    [Fact]
    public void The_file_gets_shorter_when_asked()
    {
        using var world = new StoreWorld();
        for (int number = 0; number < 300; number++)
            world.Put("key", new string('x', 5000));
        world.Apply(new Etcdserverpb.CompactionRequest { Revision = world.Store.CurrentRevision });
        world.Settle();
        long before = world.Backend.FileBytes;

        CompactionProgress progress = CompactionProgress.Going;
        for (int step = 0; step < 1000 && progress != CompactionProgress.Done; step++)
        {
            world.Backend.ShrinkFile(100, done => progress = done.Progress);
            world.CommitLane.RunOne();
        }

        Assert.Equal(CompactionProgress.Done, progress);
        Assert.InRange(world.Backend.FileBytes, 1, before / 4);
        bool isSound = false;
        world.Backend.VerifyFile(report => isSound = report.Faults.Count == 0);
        world.CommitLane.RunOne();
        Assert.True(isSound);
    }

    private static void Check(Backend backend, SortedDictionary<string, string> model, string key)
    {
        bool isThere = backend.TryGet(StoreBucket.Auth, Bytes(key), out byte[] value);
        Assert.Equal(model.GetValueOrDefault(key), isThere ? Encoding.ASCII.GetString(value) : null);
        var all = new List<KeyValuePair<string, string>>();
        backend.ForEach(StoreBucket.Auth, (found, content) =>
            all.Add(new(Encoding.ASCII.GetString(found), Encoding.ASCII.GetString(content))));
        Assert.Equal(model, all);
    }

    private static ulong IndexInFile(Backend backend)
    {
        using ReadTransaction read = backend.BeginRead();
        read.TryOpenBucket("meta"u8, out Bucket meta);
        meta.TryGet("consistent_index"u8, out ReadOnlySpan<byte> value);
        return System.Buffers.Binary.BinaryPrimitives.ReadUInt64BigEndian(value);
    }

    private static byte[] Bytes(string text) => Encoding.ASCII.GetBytes(text);
}
