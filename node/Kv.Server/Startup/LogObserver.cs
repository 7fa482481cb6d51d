using System.Diagnostics;
using Kv.Server.Metrics;
using Kv.Storage.Log;

namespace Kv.Server.Startup;

/// <summary>Counts what the write-ahead log does to its disk.</summary>
internal sealed class LogObserver(DiskMetrics metrics) : ILogObserver
{
    private long _syncStart;

    public void OnWritten(int bytes) => metrics.WalBytes.Add(bytes);

    public void OnSyncStarting() => _syncStart = Stopwatch.GetTimestamp();

    public void OnSynced() => metrics.WalSync.ObserveSince(_syncStart);
}
