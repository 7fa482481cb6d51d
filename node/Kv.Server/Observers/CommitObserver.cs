using System.Diagnostics;
using Kv.Server.Metrics;
using Kv.Storage.Pages;

namespace Kv.Server.Observers;

/// <summary>Times the commits of the page file and their parts. The commit lane's.</summary>
internal sealed class CommitObserver(DiskMetrics metrics) : ICommitObserver
{
    private long _start;
    private long _rebalanceStart;
    private long _laidOut;
    private TimeSpan _rebalancing;

    public void OnCommitting()
    {
        _start = Stopwatch.GetTimestamp();
        _rebalancing = TimeSpan.Zero;
    }

    public void OnRebalancing() => _rebalanceStart = Stopwatch.GetTimestamp();

    public void OnRebalanced() => _rebalancing += Stopwatch.GetElapsedTime(_rebalanceStart);

    public void OnLaidOut() => _laidOut = Stopwatch.GetTimestamp();

    public void OnCommitted()
    {
        long end = Stopwatch.GetTimestamp();
        metrics.CommitRebalance.Observe(_rebalancing);
        metrics.CommitSpill.Observe(Stopwatch.GetElapsedTime(_start, _laidOut) - _rebalancing);
        metrics.CommitWrite.Observe(Stopwatch.GetElapsedTime(_laidOut, end));
        metrics.Commit.Observe(Stopwatch.GetElapsedTime(_start, end));
    }
}
