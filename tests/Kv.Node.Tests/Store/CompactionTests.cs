using Etcdserverpb;
using Google.Protobuf;
using Kv.Storage.Pages;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

public sealed class CompactionTests
{
    [Fact]
    public void Rows_that_nothing_shows_leave_the_page_file()
    {
        using var world = new StoreWorld();
        world.Put("a", "1"); // 2
        world.Put("b", "1"); // 3
        world.Put("a", "2"); // 4
        world.Apply(Some.Delete("b")); // 5
        world.Put("c", "1"); // 6
        world.Apply(Some.Delete("c")); // 7
        world.Put("a", "3"); // 8
        world.Apply(new CompactionRequest { Revision = 7 });
        world.Settle();

        Assert.Equal("4.0 7.0t 8.0", Rows(world));
        Assert.Equal("7", Finished(world));
    }

    /// <summary>The rows are not gone by themselves: before the decision is durable, none may be.</summary>
    [Fact]
    public void Nothing_is_deleted_before_the_decision_is_durable()
    {
        using var world = new StoreWorld();
        world.Put("a", "1");
        world.Put("a", "2");
        world.Backend.ForceCommit();
        world.CommitLane.RunOne();
        world.Apply(new CompactionRequest { Revision = 3 });

        Assert.Equal(0, world.CompactionLane.Count);
        Assert.Equal("2.0 3.0", Rows(world));
        world.Settle();
        Assert.Equal("3.0", Rows(world));
    }

    [Fact]
    public void What_was_not_finished_is_finished_after_a_restart()
    {
        using var world = new StoreWorld();
        for (int count = 0; count < 20; count++)
            world.Put("a", $"{count}");
        world.Apply(new CompactionRequest { Revision = 20 });
        world.CommitLane.RunOne(); // the decision is durable, nothing is done
        world.Restart();

        Assert.Equal(20, world.Store.CompactRevision);
        Assert.False(world.Store.IsCompactionIdle);
        world.Settle();
        Assert.Equal("20.0 21.0", Rows(world));
        Assert.Equal("20", Finished(world));
    }

    [Fact]
    public void A_finished_compaction_says_so()
    {
        using var world = new StoreWorld();
        world.Put("a", "1");
        world.Put("a", "2");
        bool isFinished = false;
        world.Store.Compact(3, () => isFinished = Finished(world) == "3");
        world.Settle();
        Assert.True(isFinished);
    }

    /// <summary>Dead rows leave by the ten thousand, so that no commit becomes too large.</summary>
    [Fact]
    public void Many_dead_rows_leave_in_several_commits()
    {
        using var world = new StoreWorld();
        for (int count = 0; count < 25_000; count++)
        {
            world.Put("a", "v");
            if (count % 1000 == 0)
                world.Settle();
        }

        world.Settle();
        world.Apply(new CompactionRequest { Revision = 25_001 });
        int most = 0;
        int before = RowCount(world);
        for (int turn = 0; turn < 1000 && !world.Store.IsCompactionIdle; turn++)
        {
            world.Tick();
            while (world.CommitLane.RunOne())
            {
                int now = RowCount(world);
                most = Math.Max(most, before - now);
                before = now;
            }

            while (world.CompactionLane.RunOne())
            {
            }
        }

        Assert.Equal(1, before);
        Assert.InRange(most, 5_000, 11_000);
    }

    [Fact]
    public void A_read_that_has_begun_keeps_what_it_needs()
    {
        using var world = new StoreWorld();
        for (int number = 0; number < 500; number++)
            world.Put($"k{number:d3}", "old");
        var request = new RangeRequest { Key = "k".Bytes(), RangeEnd = "l".Bytes() };
        using RangeReply reply = world.Store.Range(request.ToByteArray(), StoreWorld.Header);
        for (int number = 0; number < 500; number++)
            world.Put($"k{number:d3}", "new");
        world.Apply(new CompactionRequest { Revision = world.Store.CurrentRevision });
        world.Settle();
        Assert.Equal(500, RowCount(world));

        RangeResponse copied = RangeResponse.Parser.ParseFrom(StoreWorld.Copy(reply, 100));
        Assert.Equal(500, copied.Kvs.Count);
        Assert.All(copied.Kvs, keyValue => Assert.Equal("old", keyValue.Value.ToStringUtf8()));
    }

    /// <summary>A walk over the index is several visits to it. In between, a compaction must wait.</summary>
    [Fact]
    public void The_index_forgets_nothing_while_a_read_goes_on_that_began_before()
    {
        using var world = new StoreWorld();
        var space = new KeySpace(world.Backend) { Current = 3 };
        space.Index.Put("a"u8, new Revision(2, 0));
        space.Index.Put("a"u8, new Revision(3, 0));
        var lane = new ManualLane();
        var compactor = new StoreCompactor(space, lane, CompactionOptions.Default);

        ReadPoint before = space.BeginRead();
        compactor.Announce();
        compactor.Begin(new CompactionJob(3, Previous: -1, KeepsHash: false, Finished: null));
        lane.RunOne();
        Assert.Equal(0, lane.Count);
        ReadPoint after = space.BeginRead();
        Assert.True(space.Index.TryGet("a"u8, 2, out _));

        KeySpace.EndRead(before);
        Assert.Equal(1, lane.Count);
        lane.RunOne();
        Assert.False(space.Index.TryGet("a"u8, 2, out _));
        KeySpace.EndRead(after);
    }

    /// <summary>History is read from rows, of which a view that is held loses none.</summary>
    [Fact]
    public void A_look_into_the_past_goes_on_through_a_compaction()
    {
        using var world = new StoreWorld();
        world.Put("a", "old");
        world.Put("a", "new");
        var sink = new PausingSink(() =>
        {
            world.Apply(new CompactionRequest { Revision = 3 });
            world.Settle();
        });
        world.Store.ReadChanges(2, 10, 1000, sink);

        Assert.Equal("2.0 3.0", string.Join(' ', sink.Seen));
        Assert.Equal("3.0", Rows(world));
    }

    [Theory]
    [Seeds(20)]
    public void Drained_means_that_no_older_read_goes_on(int seed)
    {
        var random = new Random(seed);
        var epochs = new ReadEpochs();
        var reads = new List<int>();
        var older = new List<int>();
        int drains = 0;
        bool isDraining = false;
        for (int step = 0; step < 500; step++)
        {
            if (random.Next(3) == 0 && !isDraining)
            {
                older.AddRange(reads);
                reads.Clear();
                isDraining = !epochs.Drain(() =>
                {
                    isDraining = false;
                    drains++;
                });
                Assert.Equal(older.Count > 0, isDraining);
            }
            else if (random.Next(2) == 0)
            {
                reads.Add(epochs.Enter());
            }
            else
            {
                List<int> leaving = random.Next(2) == 0 && older.Count > 0 ? older : reads;
                if (leaving.Count == 0)
                    continue;
                int last = leaving[^1];
                leaving.RemoveAt(leaving.Count - 1);
                epochs.Leave(last);
                Assert.Equal(older.Count > 0, isDraining);
            }
        }

        Assert.NotEqual(0, drains);
    }

    private static string Rows(StoreWorld world)
    {
        var rows = new List<string>();
        using ReadTransaction read = world.Backend.BeginRead();
        read.TryOpenBucket("key"u8, out Bucket keys);
        Cursor cursor = keys.OpenCursor();
        for (bool isThere = cursor.SeekFirst(); isThere; isThere = cursor.Next())
        {
            Revision.TryDecode(cursor.Key, out Revision revision, out bool isDelete);
            rows.Add(revision + (isDelete ? "t" : ""));
        }

        return string.Join(' ', rows);
    }

    private static int RowCount(StoreWorld world) => Rows(world).Count(letter => letter == ' ') + 1;

    private static string Finished(StoreWorld world)
    {
        world.Backend.TryGet(StoreBucket.Meta, "finishedCompactRev"u8, out byte[] value);
        Revision.TryDecode(value, out Revision revision, out _);
        return $"{revision.Main}";
    }

    private sealed class PausingSink(Action pause) : IHistorySink
    {
        public List<Revision> Seen { get; } = [];

        public bool Wants(ReadOnlySpan<byte> key)
        {
            if (Seen.Count == 0)
                pause();
            return true;
        }

        public void Add(in Change change) => Seen.Add(change.Revision);
    }
}
