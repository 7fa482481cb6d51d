using Kv.Raft;
using Kv.Testing;

namespace Kv.Node.Tests.Raft;

public sealed class RaftLogTests
{
    /// <summary>Against a list that forgets nothing and a disk that is written in order: through appends, replaced
    /// entries, slow writes and compaction, the log holds the same entries, and calls durable only what the disk
    /// holds.</summary>
    [Theory]
    [Seeds(60)]
    public void Holds_what_a_list_would_and_calls_durable_only_what_is(int seed)
    {
        var random = new Random(seed);
        var writes = new WriteQueue();
        var log = new RaftLog(new RestoredState(), writes);
        List<EntryId> model = [EntryId.Zero];
        List<EntryId> disk = [EntryId.Zero];
        var underWay = new Queue<(ulong Number, List<EntryId> Disk)>();
        var planned = new List<EntryId>(disk);
        ulong term = 1;

        for (int step = 0; step < 300; step++)
        {
            switch (random.Next(6))
            {
                case 0:
                    log.Append(NewEntry(++term, log.LastIndex + 1));
                    model.Add(log.LastId);
                    break;
                case 1:
                    ReplaceTail(log, model, ++term, random);
                    break;
                case 2:
                    underWay.Enqueue((Write(log, planned, writes), [.. planned]));
                    break;
                case 3 when underWay.TryDequeue(out (ulong Number, List<EntryId> Disk) done):
                    disk = done.Disk;
                    log.OnPersisted(writes.Complete(done.Number).LastIndex);
                    break;
                case 4:
                    log.TryCommit((ulong)random.NextInt64((long)log.Committed, (long)log.LastIndex + 1));
                    log.TakeCommitted([], bytesMax: random.Next(200));
                    log.OnApplied(log.HandedOut);
                    break;
                default:
                    log.Compact((ulong)random.NextInt64((long)log.Applied + 1));
                    break;
            }

            Check(log, model, disk);
        }
    }

    private static void ReplaceTail(RaftLog log, List<EntryId> model, ulong term, Random random)
    {
        int from = random.Next((int)log.Committed, (int)log.LastIndex + 1);
        Entry[] entries =
        [
            .. Enumerable.Range(from + 1, random.Next(30)).Select(index => NewEntry(term, (ulong)index)),
        ];
        Assert.True(log.TryAppend(model[from], entries, dropped: []));
        if (entries.Length == 0)
            return;

        model.RemoveRange(from + 1, model.Count - from - 1);
        model.AddRange(entries.Select(entry => entry.Id));
    }

    private static ulong Write(RaftLog log, List<EntryId> planned, WriteQueue writes)
    {
        var output = new Output();
        log.TakeUnwritten(output);
        foreach (Entry entry in output.Entries)
        {
            planned.RemoveRange((int)entry.Index, planned.Count - (int)entry.Index);
            planned.Add(entry.Id);
        }

        return writes.Add(log.Written, term: 0, NodeId.None);
    }

    private static void Check(RaftLog log, List<EntryId> model, List<EntryId> disk)
    {
        Assert.Equal(model[^1], log.LastId);
        for (ulong index = log.Compacted.Index; index <= log.LastIndex; index++)
            Assert.True(log.Contains(model[(int)index]));
        for (ulong index = 0; index <= log.Persisted; index++)
            Assert.True(model[(int)index] == disk[(int)index], $"{index} is called durable and is not.");

        ReadOnlyMemory<Entry> slice = log.Slice(log.FirstIndex, bytesMax: 100);
        for (int i = 0; i < slice.Length; i++)
            Assert.True(model[(int)log.FirstIndex + i] == slice.Span[i].Id);
        Assert.False(log.TryTerm(log.LastIndex + 1, out _));
    }

    private static Entry NewEntry(ulong term, ulong index) => new(new EntryId(term, index), EntryType.Normal, default);
}
