using System.Diagnostics;
using System.Globalization;
using Kv.Replication;
using Kv.Server.Metrics;
using Kv.Storage;

namespace Kv.Server.Peers;

/// <summary>Keeps the page files that leaders send, where the replica looks for them: in the snapshots' directory,
/// under the index of the last entry in them. Until one is whole and durable it has a name that begins with
/// <c>tmp</c>, as in etcd, whose next start deletes such.</summary>
public sealed class ReceivedPageFiles(IDisk disk, MemberFiles files, DiskMetrics? metrics = null) : ISnapshotSink
{
    private int _last;

    public IIncomingSnapshot Begin(ulong index)
    {
        int number = Interlocked.Increment(ref _last);
        string name = string.Create(CultureInfo.InvariantCulture, $"tmp{index:x16}-{number}");
        return new Incoming(disk, files, index, metrics, Path.Combine(files.Snapshots, name));
    }

    private sealed class Incoming(
        IDisk disk, MemberFiles files, ulong index, DiskMetrics? metrics, string path) : IIncomingSnapshot
    {
        private readonly IFile _file = disk.Open(path, FileAccessMode.Create);
        private readonly long _begun = Stopwatch.GetTimestamp();
        private long _length;
        private bool _isKept;

        public void Write(ReadOnlySpan<byte> piece)
        {
            _file.Write(_length, piece);
            _length += piece.Length;
        }

        // On a thread of its own: a sync of gigabytes may take seconds, and the pool has few threads.
        public Task KeepAsync() => Task.Factory.StartNew(
            Keep, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

        public void Dispose()
        {
            _file.Dispose();
            if (!_isKept)
                disk.DeleteFile(path);
        }

        private void Keep()
        {
            long syncing = Stopwatch.GetTimestamp();
            _file.Sync();
            metrics?.SnapshotFileSync.ObserveSince(syncing);
            disk.Rename(path, files.ReceivedPageFile(index));
            _isKept = true;
            disk.SyncDirectory(files.Snapshots);
            metrics?.SnapshotFileSave.ObserveSince(_begun);
        }
    }
}
