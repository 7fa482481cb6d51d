using System.Diagnostics;
using Kv.Server.Logging;
using Kv.Server.Metrics;
using Kv.Storage.Log;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Observers;

/// <summary>Counts and times what the write-ahead log does to its disk. The log lane's.</summary>
internal sealed class LogObserver(DiskMetrics metrics, ILogger log) : ILogObserver
{
    // As in etcd, which has no flag for it.
    private static readonly TimeSpan SlowSync = TimeSpan.FromSeconds(1);

    private long _start;

    public void OnWriting() => _start = Stopwatch.GetTimestamp();

    public void OnWritten(int bytes)
    {
        metrics.WalWrite.ObserveSince(_start);
        metrics.WalBytes.Add(bytes);
    }

    public void OnSyncStarting() => _start = Stopwatch.GetTimestamp();

    public void OnSynced()
    {
        TimeSpan took = Stopwatch.GetElapsedTime(_start);
        metrics.WalSync.Observe(took);
        if (took > SlowSync)
            Log.SlowSync(log, took, SlowSync);
    }
}
