using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Storage.Pages;
using Kv.Store;
using Kv.Testing;
using Mvccpb;

namespace Kv.Node.Tests.Store;

/// <summary>Readers on threads of their own, while the store is written, committed and compacted on others.</summary>
public sealed class StoreThreadTests
{
    private const int KeyCount = 300;
    private const int ReaderCount = 3;
    private const int EntryCount = 1500;
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(60);

    /// <summary>Each entry writes its revision into some keys and the number of its keys into one, or deletes a range.
    /// Whatever a reader sees must be one revision's state, whole, which it can tell from what stands in it.</summary>
    [Fact]
    public void Readers_see_one_revision_and_all_of_it()
    {
        using SimulatedDisk disk = StoreWorld.MakeDisk(1);
        using var commitLane = new TestLane();
        using var compactionLane = new TestLane();
        using var backend = Backend.Open(disk, StoreWorld.Path, new BackendOptions
        {
            CommitLane = commitLane,
            BatchOperationsMax = 200,
            Pages = new PageFileOptions { GrowBytes = 1 << 20, ReservedBytes = 1 << 28 },
        });
        var store = MvccStore.Open(backend, new SomeLeases(), compactionLane);
        using var stop = new CancellationTokenSource();
        var readers = new List<Reader>();
        for (int number = 0; number < ReaderCount; number++)
            readers.Add(new Reader(store, number, stop.Token));

        Write(store, backend);
        Settle(store, backend, commitLane, compactionLane);
        stop.Cancel();
        foreach (Reader reader in readers)
        {
            reader.Join(Deadline);
            Assert.Null(reader.Fault);
            Assert.InRange(reader.ReadCount, 1, int.MaxValue);
        }

        Assert.Null(commitLane.Fault);
        Assert.Null(compactionLane.Fault);
        Assert.Equal(1, backend.OpenReadCount);
    }

    private static void Write(MvccStore store, Backend backend)
    {
        var random = new Random(1);
        for (int entry = 1; entry <= EntryCount; entry++)
        {
            byte[] txn = Change(random, store.CurrentRevision + 1).ToByteArray();
            Assert.Equal(KvError.None, store.Txn(txn, StoreWorld.Header, null));
            if (random.Next(50) == 0)
                store.Compact(random.NextInt64(Math.Max(1, store.CompactRevision + 1), store.CurrentRevision + 1));
            backend.SetConsistentIndex((ulong)entry, term: 1);
            backend.Tick(TimeSpan.FromMilliseconds(entry));
        }
    }

    private static void Settle(MvccStore store, Backend backend, params TestLane[] lanes)
    {
        var watch = Stopwatch.StartNew();
        while (!store.IsCompactionIdle)
        {
            Assert.True(watch.Elapsed < Deadline, "The compactions never end.");
            backend.ForceCommit();
            foreach (TestLane lane in lanes)
                lane.Drain(Deadline);
        }
    }

    // After each entry the sum over all keys stands in one key: what was written at revision r counts r.
    private static TxnRequest Change(Random random, long revision)
    {
        var txn = new TxnRequest();
        int from = random.Next(KeyCount);
        if (random.Next(3) == 0)
            txn.Success.Add(Some.Op(Some.Delete(Key(from), Key(from + random.Next(1, 40)))));
        for (int count = random.Next(1, 5); count > 0; count--)
        {
            from = (from + random.Next(41, 60)) % KeyCount;
            txn.Success.Add(Some.Op(Some.Put(Key(from), $"{revision} {new string('x', random.Next(200))}")));
        }

        txn.Success.Add(Some.Op(Some.Put("revision", $"{revision}")));
        return txn;
    }

    private static string Key(int number) => $"k{number:d4}";

    private sealed class Reader
    {
        private readonly MvccStore _store;
        private readonly Random _random;
        private readonly CancellationToken _stop;
        private readonly Thread _thread;
        private readonly Dictionary<long, string> _seen = [];

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

        public void Join(TimeSpan deadline) => Assert.True(_thread.Join(deadline));

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
            long compacted = _store.CompactRevision;
            long current = _store.CurrentRevision;
            long asked = _random.Next(2) == 0 ? 0 : _random.NextInt64(Math.Max(1, compacted), current + 1);
            var request = new RangeRequest { Key = "k".Bytes(), RangeEnd = "s".Bytes(), Revision = asked };
            using RangeReply reply = _store.Range(request.ToByteArray(), StoreWorld.Header);
            if (reply.Error == KvError.Compacted)
                return;

            Assert.Equal(KvError.None, reply.Error);
            RangeResponse found = RangeResponse.Parser.ParseFrom(StoreWorld.Copy(reply, 1000));
            Assert.InRange(found.Header.Revision, Math.Max(asked, current), long.MaxValue);
            Check(found, asked == 0 ? found.Header.Revision : asked);
            if (found.Kvs.Count > 0)
                CheckOne(found.Kvs[_random.Next(found.Kvs.Count)], asked == 0 ? found.Header.Revision : asked);
            ReadCount++;
        }

        private void Check(RangeResponse found, long at)
        {
            Assert.Equal(found.Kvs.Count, found.Count);
            if (found.Count == 0)
            {
                Assert.Equal(1, at); // later on, the key "revision" is always there
                return;
            }

            KeyValue last = found.Kvs[^1];
            Assert.Equal("revision", last.Key.ToStringUtf8());
            Assert.Equal($"{at}", last.Value.ToStringUtf8());
            foreach (KeyValue keyValue in found.Kvs)
                Assert.Equal($"{keyValue.ModRevision}", keyValue.Value.ToStringUtf8().Split(' ')[0]);

            // The same revision must look the same whenever it is read.
            string content = string.Join(
                ',', found.Kvs.Select(keyValue => $"{keyValue.Key.ToStringUtf8()}={keyValue.ModRevision}"));
            if (!_seen.TryAdd(at, content))
                Assert.Equal(_seen[at], content);
        }

        private void CheckOne(KeyValue expected, long at)
        {
            var request = new RangeRequest { Key = expected.Key, Revision = at };
            using RangeReply reply = _store.Range(request.ToByteArray(), StoreWorld.Header);
            if (reply.Error == KvError.None)
                Assert.Equal(expected, KeyValue.Parser.ParseFrom(reply.KeyValue(0)));
            else
                Assert.Equal(KvError.Compacted, reply.Error);
        }
    }
}
