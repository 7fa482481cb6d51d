using System.Diagnostics;
using Kv.Replication;
using Kv.Server.Observers;
using Kv.Store;

namespace Kv.Server.Tracing;

/// <summary>What becomes of one request that goes through the log, as spans below that of its call:
/// <code>
/// etcdserverpb.KV/Put            the call
/// └─ put                         from when it is proposed until its outcome is known here
///    ├─ propose                  on its way through log and followers, until it is committed
///    └─ apply                    it changes the store
/// </code>
/// They are made when all is over, of moments that were noted on the way, so that no lane makes spans.</summary>
internal sealed class RequestTrace : IProposalTrace
{
    private readonly Activity _parent;
    private readonly DateTime _begunUtc = TimeProvider.System.GetUtcNow().UtcDateTime;
    private readonly long _begunAt = Stopwatch.GetTimestamp();

    // Written by the apply lane before it tells the outcome, read after that.
    private long _applyingAt;
    private ulong _term;
    private ulong _index;

    private RequestTrace(Activity parent) => _parent = parent;

    /// <summary>Null if the span of the call is not exported.</summary>
    public static RequestTrace? Of(Activity? call) =>
        call is { IsAllDataRequested: true } ? new RequestTrace(call) : null;

    public void OnApplying(ulong term, ulong index)
    {
        _applyingAt = Stopwatch.GetTimestamp();
        _term = term;
        _index = index;
    }

    /// <param name="entry">The entry that was proposed.</param>
    /// <param name="appliedAt">When it was applied here; 0 if it was not.</param>
    public void End(ReadOnlySpan<byte> entry, long appliedAt, KvError error)
    {
        bool isApplied = appliedAt != 0 && _applyingAt != 0;
        DateTime end = At(isApplied ? appliedAt : Stopwatch.GetTimestamp());
        using Activity? whole = Begin(NameOf(LoggedRequest.FieldOf(entry)), _parent.Context, _begunUtc);
        if (whole is null)
            return;

        DateTime committed = isApplied ? At(_applyingAt) : end;
        using (Activity? propose = Begin("propose", whole.Context, _begunUtc))
        {
            if (isApplied)
                propose?.SetTag(RaftTags.Term, (long)_term).SetTag(RaftTags.Index, (long)_index);
            propose?.SetEndTime(committed);
        }

        if (isApplied)
        {
            using Activity? apply = Begin("apply", whole.Context, committed);
            apply?.SetEndTime(end);
        }

        if (error != KvError.None)
            whole.SetTag(Spans.Outcome, error.ToString());
        whole.SetEndTime(end);
    }

    private DateTime At(long timestamp) => _begunUtc + Stopwatch.GetElapsedTime(_begunAt, timestamp);

    private static Activity? Begin(string name, ActivityContext parent, DateTime start) =>
        Spans.Source.StartActivity(name, ActivityKind.Internal, parent, tags: null, links: null, start);

    // The frequent ones as etcd's spans are called, the rare ones in the same manner.
    private static string NameOf(int field) => field switch
    {
        LoggedRequest.PutField => "put",
        LoggedRequest.DeleteRangeField => "delete_range",
        LoggedRequest.TxnField => "txn",
        _ => RequestNames.FieldOf(field),
    };
}
