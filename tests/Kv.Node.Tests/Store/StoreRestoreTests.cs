using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using System.Text;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

/// <summary>Another store takes the place of one that is in use: while it is committed, compacted and read.</summary>
public sealed class StoreRestoreTests
{
    private const string OtherPath = "/data/other";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>What the old store was doing goes on with the old file, or ends; whenever that is, nothing of it
    /// reaches the new one.</summary>
    [Theory]
    [Seeds(60)]
    public void Nothing_of_the_old_store_gets_into_the_new_one(int seed)
    {
        var random = new Random(seed);
        using SimulatedDisk disk = StoreWorld.MakeDisk(seed);
        using var world = new StoreWorld(disk);
        Write(world, random, 60, "old");
        world.Settle();
        MakeOther(disk, random, seed, out long revision, out KeyValueHash hash, out long compacted);

        // The old one has compactions decided, begun and half done, and batches waiting.
        int committed = 0;
        Write(world, random, 40, "older");
        world.Apply(new CompactionRequest { Revision = random.NextInt64(10, world.Store.CurrentRevision) });
        for (int step = random.Next(30); step > 0; step--)
            Work(world, random);
        world.Backend.ForceCommit(() => committed++);
        for (int step = random.Next(5); step > 0; step--)
            Work(world, random);

        world.Store.Restore(world.Backend.OpenOther(disk, OtherPath));
        Assert.Equal(revision, world.Store.CurrentRevision);
        Assert.Equal(compacted, world.Store.CompactRevision);
        Assert.Equal(1000UL, world.Backend.ConsistentIndex);
        AssertHash(world, hash);
        world.Settle();
        Assert.Equal(1, committed);
        AssertHash(world, hash);

        // It goes on as any store does.
        world.Restart(OtherPath);
        AssertHash(world, hash);
        world.Put("new", "x");
        Assert.Equal(revision + 1, world.Store.CurrentRevision);
        world.Apply(new CompactionRequest { Revision = revision + 1 });
        world.Settle();
        Assert.True(world.Store.IsCompactionIdle);
        Assert.Equal(1, world.Backend.OpenReadCount);
    }

    /// <summary>All rows of the old store say so, those of the new one say the other; a reader must never see some of
    /// each, whatever it reads and however long it takes.</summary>
    [Fact]
    public void Readers_see_the_old_store_or_the_new_one()
    {
        using SimulatedDisk disk = StoreWorld.MakeDisk(1);
        using var commitLane = new TestLane();
        using var compactionLane = new TestLane();
        using var backend = Backend.Open(disk, StoreWorld.Path, Options(commitLane));
        var store = MvccStore.Open(backend, new SomeLeases(), compactionLane);
        Fill(store, backend, "a0", 100);
        using var stop = new CancellationTokenSource();
        Reader[] readers = [.. Enumerable.Range(0, 3).Select(seed => new Reader(store, seed, stop.Token))];

        for (int round = 1; round <= 25; round++)
        {
            string path = $"/data/{round}";
            string value = $"{(char)('a' + round)}{round}";
            MakeFilled(disk, path, value, 100 + (round * 120));
            store.Compact(store.CurrentRevision - 10);
            backend.SetConsistentIndex(backend.ConsistentIndex + 1, term: 1);
            backend.Tick(TimeSpan.FromSeconds(round));
            store.Restore(backend.OpenOther(disk, path));
        }

        Settle(store, commitLane, compactionLane);
        stop.Cancel();
        foreach (Reader reader in readers)
        {
            reader.Join();
            Assert.Null(reader.Fault);
            Assert.InRange(reader.ReadCount, 1, int.MaxValue);
        }

        commitLane.Drain(Deadline);
        Assert.Null(commitLane.Fault);
        Assert.Null(compactionLane.Fault);
        Assert.Equal(1, backend.OpenReadCount);
    }

    /// <summary>A read of several steps, in the middle of which another store comes with other keys: it goes on in
    /// the index and the file that it began in.</summary>
    [Fact]
    public void A_moment_of_the_old_store_stays_what_it_was()
    {
        using SimulatedDisk disk = StoreWorld.MakeDisk(1);
        using var world = new StoreWorld(disk);
        for (int number = 0; number < 7; number++)
            world.Put($"key_{number}");
        Write(world, new Random(1), 60, "old");
        world.Apply(new CompactionRequest { Revision = 40 });
        world.Settle();
        MakeOther(disk, new Random(2), 2, out _, out _, out _);
        var space = new KeySpace(world.Backend);
        StoreView view = world.Backend.Hold();
        space.Take(StoreRestore.Run(world.Backend, view, world.Leases));
        Backend.Release(view);

        ReadPoint point = space.BeginRead();
        string before = Picture(space, point);
        OpenedStore next = world.Backend.OpenOther(disk, OtherPath);
        StoreView old = space.Replace(next, StoreRestore.Run(next, next.View, world.Leases));
        world.Backend.GiveUp(old);
        world.CommitLane.RunOne();
        Assert.Equal(before, Picture(space, point));
        KeySpace.EndRead(point);
        Assert.Equal(1, world.Backend.OpenReadCount);

        ReadPoint after = space.BeginRead();
        Assert.NotEqual(before, Picture(space, after));
        KeySpace.EndRead(after);
    }

    [Fact]
    public void A_page_file_that_was_replaced_is_closed_when_its_last_reader_is_done()
    {
        using SimulatedDisk disk = StoreWorld.MakeDisk(1);
        using var world = new StoreWorld(disk);
        world.Put("a", "old");
        world.Settle();
        MakeOther(disk, new Random(1), 1, out _, out _, out _);
        ReadTransaction reader = world.Backend.BeginRead();
        world.Store.Restore(world.Backend.OpenOther(disk, OtherPath));
        world.Settle();

        using (IFile old = disk.Open(StoreWorld.Path, FileAccessMode.ReadWrite))
            Assert.False(old.TryLock());
        reader.Dispose();
        using (IFile old = disk.Open(StoreWorld.Path, FileAccessMode.ReadWrite))
            Assert.True(old.TryLock());
    }

    // What all kinds of readers see at a moment.
    private static string Picture(KeySpace space, ReadPoint point)
    {
        var text = new StringBuilder($"{StoreHash.Compute(space, point, point.Current)}\n");
        foreach (var order in Enum.GetValues<RangeRequest.Types.SortTarget>())
        {
            RangeRequest request = Some.Range("key", "kez");
            request.SortTarget = order;
            request.SortOrder = RangeRequest.Types.SortOrder.Descend;
            text.Append(Read(space, point, request)).Append('\n');
        }

        text.Append(Read(space, point, Some.Range("key", "kez"))).Append('\n');
        text.Append(Read(space, point, new RangeRequest(Some.Range("key", "kez")) { CountOnly = true })).Append('\n');
        text.Append(Read(space, point, Some.Range("key7"))).Append('\n');
        TxnRequest txn = Some.Txn([Some.Op(Some.Range("key", "kez"))]);
        txn.Compare.Add(new Compare { Key = "key".Bytes(), RangeEnd = "kez".Bytes(), ModRevision = point.Current + 1 });
        txn.Compare.Add(new Compare { Key = "key3".Bytes(), Version = 1 });
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        new TxnRun(space, new SomeLeases()).Read(txn.ToByteArray(), point, StoreWorld.Header, buffer);
        return text.Append(TxnResponse.Parser.ParseFrom(buffer.WrittenSpan)).ToString();
    }

    private static RangeResponse Read(KeySpace space, ReadPoint point, RangeRequest request)
    {
        using var reply = RangeReply.Rent();
        bool isHeld = point.View.Pages.TryHold();
        Assert.True(isHeld);
        reply.Own(point.View);
        RangeRequestView.TryRead(request.ToByteArray(), out RangeRequestView view);
        RangeReader.Read(space, point, point.Current, view, reply);
        reply.Seal(StoreWorld.Header);
        return RangeResponse.Parser.ParseFrom(StoreWorld.Copy(reply, 1000));
    }

    private static BackendOptions Options(ILane commitLane) => new()
    {
        CommitLane = commitLane,
        BatchOperationsMax = 100,
        Pages = new PageFileOptions { GrowBytes = 1 << 16, ReservedBytes = 1 << 24 },
    };

    private static void AssertHash(StoreWorld world, KeyValueHash expected)
    {
        Assert.Equal(KvError.None, world.Store.HashKv(expected.Revision, out KeyValueHash hash));
        Assert.Equal(expected, hash);
    }

    private static void Write(StoreWorld world, Random random, int count, string value)
    {
        for (int entry = 0; entry < count; entry++)
        {
            if (random.Next(5) == 0)
                world.Apply(Some.Delete($"key{random.Next(20)}"));
            else
                world.Put($"key{random.Next(20)}", $"{value}{entry}");
        }
    }

    private static void Work(StoreWorld world, Random random)
    {
        switch (random.Next(3))
        {
            case 0:
                world.Tick();
                break;
            case 1:
                world.CommitLane.RunOne();
                break;
            default:
                world.CompactionLane.RunOne();
                break;
        }
    }

    // As a leader would send it: further, with the same beginnings or not, perhaps in the middle of a compaction.
    private static void MakeOther(
        SimulatedDisk disk, Random random, int seed, out long revision, out KeyValueHash hash, out long compacted)
    {
        using var other = new StoreWorld(disk, OtherPath);
        Write(other, new Random(seed), 60, "old");
        Write(other, random, 100, "new");
        if (random.Next(2) == 0)
        {
            other.Apply(new CompactionRequest { Revision = random.NextInt64(5, other.Store.CurrentRevision) });
            for (int step = random.Next(20); step > 0; step--)
                Work(other, random);
        }

        other.Backend.SetConsistentIndex(1000, term: 7);
        revision = other.Store.CurrentRevision;
        compacted = other.Store.CompactRevision;
        other.Backend.ForceCommit();
        while (other.CommitLane.RunOne())
        {
        }

        Assert.Equal(KvError.None, other.Store.HashKv(0, out hash));
    }

    private static void MakeFilled(SimulatedDisk disk, string path, string value, int count)
    {
        var lane = new ManualLane();
        using var backend = Backend.Open(disk, path, Options(lane));
        var store = MvccStore.Open(backend, new SomeLeases(), new ManualLane()); // where nothing is ever done
        Fill(store, backend, value, count);
        store.Compact(store.CurrentRevision - 20);
        backend.SetConsistentIndex(backend.ConsistentIndex + 1, term: 1);
        backend.ForceCommit();
        while (lane.RunOne())
        {
        }
    }

    private static void Settle(MvccStore store, TestLane commitLane, TestLane compactionLane)
    {
        var watch = Stopwatch.StartNew();
        while (!store.IsCompactionIdle)
        {
            Assert.True(watch.Elapsed < Deadline, "The compaction never ends.");
            commitLane.Drain(Deadline);
            compactionLane.Drain(Deadline);
        }
    }

    private static void Fill(MvccStore store, Backend backend, string value, int count)
    {
        for (int put = 0; put < count; put++)
        {
            store.Put(Some.Put($"key{put % 600:d4}", value).ToByteArray(), StoreWorld.Header, null);
            backend.SetConsistentIndex(backend.ConsistentIndex + 1, term: 1);
        }

        backend.ForceCommit();
    }

    private sealed class Reader
    {
        private readonly MvccStore _store;
        private readonly Random _random;
        private readonly CancellationToken _stop;
        private readonly Thread _thread;

        public Reader(MvccStore store, int seed, CancellationToken stop)
        {
            _store = store;
            _random = new Random(seed);
            _stop = stop;
            _thread = new Thread(Run) { IsBackground = true };
            _thread.Start();
        }

        public Exception? Fault { get; private set; }

        public int ReadCount { get; private set; }

        public void Join() => Assert.True(_thread.Join(Deadline));

        [SuppressMessage("Design", "CA1031", Justification = "the top of a thread; the test looks at it")]
        private void Run()
        {
            try
            {
                while (!_stop.IsCancellationRequested)
                    Read();
            }
            catch (Exception fault)
            {
                Fault = fault;
            }
        }

        private void Read()
        {
            switch (_random.Next(4))
            {
                case 0:
                    ReadAll();
                    break;
                case 1:
                    ReadOne();
                    break;
                case 2:
                    Assert.Contains(_store.HashKv(0, out _), (KvError[])[KvError.None, KvError.Compacted]);
                    break;
                default:
                    ReadInTxn();
                    break;
            }

            ReadCount++;
        }

        private void ReadAll()
        {
            RangeRequest request = Some.Range("key", "kez");
            request.SortTarget = _random.Next(2) == 0
                ? RangeRequest.Types.SortTarget.Key
                : RangeRequest.Types.SortTarget.Value;
            request.SortOrder = RangeRequest.Types.SortOrder.Descend;
            using RangeReply reply = _store.Range(request.ToByteArray(), StoreWorld.Header);
            Assert.Equal(KvError.None, reply.Error);
            RangeResponse found = RangeResponse.Parser.ParseFrom(StoreWorld.Copy(reply, 4000));
            Assert.Equal(found.Count, found.Kvs.Count);
            Assert.Single(found.Kvs.Select(row => row.Value).Distinct());
            Assert.Equal(Math.Min(600, ExpectedCount(found.Kvs[0].Value.ToStringUtf8())), found.Count);
        }

        private void ReadOne()
        {
            using RangeReply reply = _store.Range(Some.Range("key0001").ToByteArray(), StoreWorld.Header);
            Assert.Equal(KvError.None, reply.Error);
            Assert.Equal(1, reply.KeyCount);
        }

        private void ReadInTxn()
        {
            var txn = Some.Txn([Some.Op(Some.Range("key", "kez")), Some.Op(Some.Range("key0003"))]);
            var buffer = new System.Buffers.ArrayBufferWriter<byte>();
            Assert.Equal(KvError.None, _store.ReadTxn(txn.ToByteArray(), StoreWorld.Header, buffer, out _));
            TxnResponse found = TxnResponse.Parser.ParseFrom(buffer.WrittenSpan);
            IEnumerable<Mvccpb.KeyValue> rows = found.Responses.SelectMany(each => each.ResponseRange.Kvs);
            Assert.Single(rows.Select(row => row.Value).Distinct());
        }

        private static int ExpectedCount(string value) =>
            100 + (int.Parse(value.AsSpan(1), System.Globalization.CultureInfo.InvariantCulture) * 120);
    }
}
