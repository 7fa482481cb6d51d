using Kv.Node.Tests.Logging;
using Kv.Node.Tests.Store;
using Kv.Server.Metrics;
using Kv.Server.Observers;
using Kv.Storage.Log;
using Kv.Storage.Pages;
using Kv.Storage.Snap;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Observers;

/// <summary>What the disk is made to do is counted and timed, each thing once.</summary>
public sealed class DiskObserverTests : IDisposable
{
    private readonly NodeMetrics _metrics = new(() => []);
    private readonly HeardLog _log = new();

    public void Dispose() => _metrics.Dispose();

    [Fact]
    public void A_commit_is_timed_in_its_parts_and_shortening_the_file_is_none()
    {
        DiskMetrics metrics = _metrics.Disk;
        var lane = new ManualLane();
        using var backend = Backend.Open(StoreWorld.MakeDisk(1), StoreWorld.Path, new BackendOptions
        {
            CommitLane = lane,
            Pages = new PageFileOptions { GrowBytes = 1 << 16, ReservedBytes = 1 << 26, Observer = Commits() },
        });
        Assert.Equal(1, metrics.Commit.Read().Count); // the buckets
        backend.Put(StoreBucket.Cluster, "k"u8, "v"u8);
        backend.SetConsistentIndex(1, 1);
        backend.ForceCommit();
        while (lane.RunOne())
        {
        }

        backend.ShrinkFile(100, _ => { });
        while (lane.RunOne())
        {
        }

        Histogram[] parts = [metrics.Commit, metrics.CommitRebalance, metrics.CommitSpill, metrics.CommitWrite];
        Assert.All(parts, part => Assert.Equal(2, part.Read().Count));
        double sum = metrics.CommitRebalance.Read().Sum + metrics.CommitSpill.Read().Sum
            + metrics.CommitWrite.Read().Sum;
        Assert.Equal(metrics.Commit.Read().Sum, sum, tolerance: 1e-5);
    }

    [Fact]
    public void Writes_and_syncs_of_the_log_are_timed()
    {
        DiskMetrics metrics = _metrics.Disk;
        SimulatedDisk disk = StoreWorld.MakeDisk(1);
        var options = new LogOptions(SegmentBytes: 64 * 1024, new LogObserver(metrics, _log));
        using var writer = LogWriter.Create(disk, "/data/wal", new LogMetadata(1, 2), options);
        (long writes, long syncs) = (metrics.WalWrite.Read().Count, metrics.WalSync.Read().Count);
        writer.AppendEntry(type: 0, term: 1, index: 1, new byte[100]);
        writer.AppendEntry(type: 0, term: 1, index: 2, new byte[100]);
        writer.Sync();

        Assert.Equal(writes + 1, metrics.WalWrite.Read().Count);
        Assert.Equal(syncs + 1, metrics.WalSync.Read().Count);
        Assert.InRange(metrics.WalBytes.Value, 200, 400);
        Assert.Empty(_log.Lines);
    }

    [Fact]
    public void Saving_a_snapshot_marker_is_timed_and_the_log_is_told()
    {
        DiskMetrics metrics = _metrics.Disk;
        var observer = new CheckpointObserver(new Observation(_metrics, _log), memberId: 0xA1, entriesMax: 10);
        var snap = new SnapFile(12, Term: 2, new LogConfState([1], [], [], [], AutoLeave: false), "{}"u8.ToArray());
        observer.OnTriggered(applied: 12, lastSnapshot: 2);
        SnapDirectory.Save(StoreWorld.MakeDisk(1), "/data", snap, observer);
        observer.OnRecorded(12);
        observer.OnPurged("/data", 3);

        Histogram[] parts = [metrics.SnapshotMarkerSave, metrics.SnapshotMarkerEncode, metrics.SnapshotMarkerSync];
        Assert.All(parts, part => Assert.Equal(1, part.Read().Count));
        Assert.Equal(
            [
                "Information: triggering snapshot localMemberId=a1 localMemberAppliedIndex=12 " +
                    "localMemberSnapshotIndex=2 localMemberSnapshotCount=10",
                "Information: saved snapshot to disk snapshotIndex=12",
                "Information: purged file directory=/data count=3",
            ],
            _log.Lines);
    }

    private CommitObserver Commits() => new(_metrics.Disk);
}
