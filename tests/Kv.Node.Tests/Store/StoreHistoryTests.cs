using Google.Protobuf;
using Kv.Store;
using Kv.Testing;
using Mvccpb;

namespace Kv.Node.Tests.Store;

public sealed class StoreHistoryTests
{
    /// <summary>What is published as it happens, what can be read of it later, and what the model knows happened are
    /// the same.</summary>
    [Theory]
    [Seeds(30)]
    public void Tells_later_what_was_told_when_it_happened(int seed)
    {
        var random = new Random(seed);
        using SimulatedDisk disk = StoreWorld.MakeDisk(seed);
        using var world = new StoreWorld(disk);
        var model = new NaiveStore();
        var published = new Publications();
        world.Store.Changes = published;
        var requests = new RandomRequests(random, keys: 10);

        for (int step = 0; step < 60; step++)
        {
            IMessage request = requests.Next(model.Current, model.Compacted);
            if (request is Etcdserverpb.CompactionRequest)
                continue;
            world.Apply(request, isAwaited: random.Next(2) == 0);
            model.Apply(request);
            if (random.Next(10) == 0)
                world.Settle();
        }

        string[] expected = [.. model.Rows.Select(Describe)];
        Assert.Equal(expected, published.All);
        Assert.Equal(model.Rows.Select(row => row.Main).Distinct(), published.Revisions);
        Assert.Equal(expected, ReadAll(world, random));
        foreach (NaiveStore.Row row in model.Rows)
        {
            var before = model.Get(row.Key, row.Main - 1)?.ToByteString();
            bool isThere = world.Store.TryGetAt(row.Key.Span, row.Main - 1, out ReadOnlyMemory<byte> keyValue);
            Assert.Equal(before, isThere ? ByteString.CopyFrom(keyValue.Span) : null);
        }
    }

    [Fact]
    public void Comes_in_whole_revisions_and_modest_portions()
    {
        using var world = new StoreWorld();
        world.Apply(Some.Txn(["+a", "+b", "+c"])); // 2
        world.Put("d"); // 3
        world.Put("e", new string('x', 1000)); // 4
        world.Put("f"); // 5

        Assert.Equal((3, 3), Read(world, 2, revisionsMax: 1, bytesMax: 1 << 20));
        Assert.Equal((4, 4), Read(world, 2, revisionsMax: 2, bytesMax: 1 << 20));
        Assert.Equal((5, 2), Read(world, 3, revisionsMax: 10, bytesMax: 900));
        Assert.Equal((6, 6), Read(world, 2, revisionsMax: 10, bytesMax: 1 << 20));
        Assert.Equal((6, 1), Read(world, 5, revisionsMax: 1, bytesMax: 1));
    }

    [Fact]
    public void Passes_over_keys_that_nobody_watches()
    {
        using var world = new StoreWorld();
        world.Put("a");
        world.Put("b");
        var sink = new Collector(key => key.SequenceEqual("b"u8));
        Assert.Equal(4, world.Store.ReadChanges(2, 10, 1000, sink));
        Assert.Equal(3, Assert.Single(sink.Changes).Revision.Main);
    }

    private static (long Next, int Count) Read(StoreWorld world, long from, int revisionsMax, int bytesMax)
    {
        var sink = new Collector(_ => true);
        long next = world.Store.ReadChanges(from, revisionsMax, bytesMax, sink);
        return (next, sink.Changes.Count);
    }

    private static IEnumerable<string> ReadAll(StoreWorld world, Random random)
    {
        var sink = new Collector(_ => true);
        long next = 2;
        while (next <= world.Store.CurrentRevision)
            next = world.Store.ReadChanges(next, random.Next(1, 10), random.Next(1, 10_000), sink);
        return sink.Changes.Select(Describe);
    }

    private static string Describe(NaiveStore.Row row)
    {
        KeyValue keyValue = row.KeyValue ?? new KeyValue { Key = row.Key, ModRevision = row.Main };
        return $"{row.Main}.{row.Sub} {row.KeyValue is null} {row.Key.ToBase64()} {keyValue}";
    }

    private static string Describe(Change change) =>
        $"{change.Revision} {change.IsDelete} {Convert.ToBase64String(change.Key.Span)} " +
        $"{KeyValue.Parser.ParseFrom(change.KeyValue.Span)}";

    private delegate bool KeyFilter(ReadOnlySpan<byte> key);

    private sealed class Collector(KeyFilter filter) : IHistorySink
    {
        public List<Change> Changes { get; } = [];

        public bool Wants(ReadOnlySpan<byte> key) => filter(key);

        public void Add(in Change change) => Changes.Add(change);
    }

    private sealed class Publications : IChangeSink
    {
        public List<string> All { get; } = [];

        public List<long> Revisions { get; } = [];

        public void Publish(long revision, ReadOnlySpan<Change> changes)
        {
            Revisions.Add(revision);
            foreach (Change change in changes)
                All.Add(Describe(change));
        }

        public void Restore(long revision) => All.Add($"restored {revision}");
    }
}
