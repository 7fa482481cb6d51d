using System.Diagnostics;
using System.Text;
using Kv.Server.Calls;
using Kv.Server.Logging;
using Kv.Server.Metrics;
using Kv.Server.Observers;
using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Store;

namespace Kv.Server.Upkeep;

/// <summary>Work on the store as a whole, asked for by the edge and done on the lanes that own its parts.</summary>
internal sealed class StoreUpkeep(
    StoreParts store, ILane applyLane, TimeProvider time, Observation observation)
{
    // One step must not keep a batch waiting for longer than a commit takes anyway.
    private const int PagesPerStep = 256;

    // Of no keys at all: of the name of their bucket.
    private static readonly uint EmptyHash = Crc32C.Compute("key"u8);

    private static readonly TimeSpan CompactionLook = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan ReadersPause = TimeSpan.FromMilliseconds(20);

    // A file that readers hold does not get shorter until they are gone; nobody should wait for a slow client.
    private static readonly TimeSpan ReadersPatience = TimeSpan.FromSeconds(10);

    /// <summary>The version of the format of the page file; empty before etcd 3.6, which does not write it
    /// down.</summary>
    public string StorageVersion =>
        store.Backend.TryGet(StoreBucket.Meta, "storageVersion"u8, out byte[] version)
            ? Encoding.ASCII.GetString(version)
            : "";

    /// <summary>Returns when all that is applied now is in the page file.</summary>
    public Task CommitAsync()
    {
        var committed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        applyLane.Post(() => store.Backend.ForceCommit(committed.SetResult));
        return committed.Task;
    }

    /// <summary>The page file with all that was applied at the call.</summary>
    public async Task<SnapshotReading> BeginSnapshotAsync() =>
        new(await BeginReadAsync(), observation.Metrics.Disk.Snapshot, observation.Log);

    /// <summary>Gives the space of free pages back to the file system, in small steps beside all other work.</summary>
    public async Task ShrinkAsync(CancellationToken cancelled)
    {
        DiskMetrics metrics = observation.Metrics.Disk;
        long start = Stopwatch.GetTimestamp();
        long before = store.Backend.FileBytes;
        Log.StartingDefragment(observation.Log);
        metrics.DefragmentInFlight.Increment();
        try
        {
            await ShrinkStepsAsync(cancelled);
        }
        finally
        {
            metrics.DefragmentInFlight.Decrement();
            metrics.Defragment.ObserveSince(start);
        }

        long after = store.Backend.FileBytes;
        Log.FinishedDefragment(
            observation.Log, after, after - before, store.Backend.InUseBytes, Stopwatch.GetElapsedTime(start));
    }

    /// <summary>The hash of the whole page file but for what differs from member to member.</summary>
    public async Task<uint> HashAsync()
    {
        long start = Stopwatch.GetTimestamp();
        using ReadTransaction read = await BeginReadAsync();
        uint hash = await Task.Run(() => BackendHash.Compute(read));
        observation.Metrics.Mvcc.Hash.ObserveSince(start);
        return hash;
    }

    /// <summary>The hash of the keys at a revision, or the current one for 0; throws with etcd's status.</summary>
    public async Task<KeyValueHash> HashKvAsync(long revision)
    {
        if (revision < 0)
            return new KeyValueHash(EmptyHash, store.Kv.CompactRevision, revision); // nothing is that old, etcd finds

        long start = Stopwatch.GetTimestamp();
        (KvError error, KeyValueHash hash) = await Task.Run(
            () => (store.Kv.HashKv(revision, out KeyValueHash found), found));
        observation.Metrics.Mvcc.HashOfRevision.ObserveSince(start);
        Refusal.ThrowIfRefused(error);
        return hash;
    }

    /// <summary>Returns when what a decided compaction gave up is gone from the page file.</summary>
    public async Task UntilCompactedAsync(long revision)
    {
        using var timer = new PeriodicTimer(CompactionLook, time);
        while (store.Kv.CompactRevision < revision || !store.Kv.IsCompactionIdle)
            await timer.WaitForNextTickAsync();
        await CommitAsync();
    }

    private async Task<ReadTransaction> BeginReadAsync()
    {
        await CommitAsync();
        return store.Backend.BeginRead();
    }

    private async Task ShrinkStepsAsync(CancellationToken cancelled)
    {
        await CommitAsync();
        long waitingSince = time.GetTimestamp();
        while (true)
        {
            cancelled.ThrowIfCancellationRequested();
            CompactionStep step = await StepAsync();
            if (step.Progress == CompactionProgress.Done)
                return;
            if (step.Progress == CompactionProgress.Going)
            {
                waitingSince = time.GetTimestamp();
                continue;
            }

            if (time.GetElapsedTime(waitingSince) > ReadersPatience)
                return;
            await Task.Delay(ReadersPause, time, cancelled);
        }
    }

    private Task<CompactionStep> StepAsync()
    {
        var done = new TaskCompletionSource<CompactionStep>(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Backend.ShrinkFile(PagesPerStep, done.SetResult);
        return done.Task;
    }
}
