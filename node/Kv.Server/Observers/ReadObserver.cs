using System.Diagnostics;
using System.Globalization;
using Kv.Grpc;
using Kv.Server.Metrics;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Observers;

/// <summary>Counts and times requests that only read, and tells of slow ones. They are timed from where the call began
/// to where the answer is ready to be sent; sending it is the client's time. Any thread's.</summary>
internal sealed class ReadObserver(NodeMetrics metrics, TimeSpan slow, ILogger log)
{
    private readonly OutcomeHistogram _ranges = metrics.Requests.RequestOf("Range");
    private readonly OutcomeHistogram _txns = metrics.Requests.RequestOf("ReadonlyTxn");

    /// <summary>A range was read.</summary>
    public void OnRange(GrpcCall call, KvError error, long replyBytes)
    {
        metrics.Mvcc.Ranges.Increment();
        TimeSpan took = Finish(call);
        metrics.Requests.Range.Observe(took, error == KvError.None);
        _ranges.Observe(took, error == KvError.None);
        if (took > slow)
            TellSlow(call, took, "read-only range ", $"size:{Text(replyBytes)}", error);
    }

    /// <summary>A range was read that is answered message by message, which takes as long as the client does.</summary>
    public void OnRangeStream() => metrics.Mvcc.Ranges.Increment();

    /// <summary>A transaction that only reads was answered.</summary>
    /// <param name="ranges">The reads it took, comparisons included.</param>
    public void OnTxn(GrpcCall call, KvError error, int ranges)
    {
        metrics.Mvcc.Ranges.Add(ranges);
        if (ranges > 1)
            metrics.Mvcc.Transactions.Increment();
        TimeSpan took = Finish(call);
        _txns.Observe(took, error == KvError.None);
        if (took > slow)
            TellSlow(call, took, "read-only txn ", "", error);
    }

    private static TimeSpan Finish(GrpcCall call)
    {
        call.DoneAt = Stopwatch.GetTimestamp();
        return Stopwatch.GetElapsedTime(call.BegunAt, call.DoneAt);
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private void TellSlow(GrpcCall call, TimeSpan took, string prefix, string response, KvError error)
    {
        metrics.Server.Proposals.SlowApplies.Increment();
        SlowRequests.TellApply(log, took, slow, prefix, $"size:{Text(call.ReceivedBytes)}", response, error);
    }
}
