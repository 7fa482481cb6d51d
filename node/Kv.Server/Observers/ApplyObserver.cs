using System.Diagnostics;
using System.Globalization;
using Etcdserverpb;
using Kv.Replication;
using Kv.Server.Metrics;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Observers;

/// <summary>Times each entry that is applied, tells of slow ones, and notices what they do to leases, alarms and the
/// cluster's version. Entries are applied one after the other, so the end of one is the beginning of the next: that
/// costs one look at the clock for each. The apply lane's.</summary>
internal sealed class ApplyObserver : IApplyObserver
{
    private const int FirstFields = 16;

    private readonly NodeMetrics _metrics;
    private readonly StoreParts _store;
    private readonly TimeSpan _slow;
    private readonly ILogger _log;
    private readonly OutcomeHistogram?[] _first = new OutcomeHistogram?[FirstFields];
    private readonly Dictionary<int, OutcomeHistogram> _others = [];
    private readonly StateNotices _notices;
    private long _last;

    public ApplyObserver(NodeMetrics metrics, StoreParts store, TimeSpan slow, ILogger log)
    {
        _metrics = metrics;
        _store = store;
        _slow = slow;
        _log = log;
        _notices = new StateNotices(metrics.Server, store, log);
    }

    public void OnInstalling(bool isUnderWay) => _metrics.Server.SnapshotsBeingApplied.Set(isUnderWay);

    public void OnStarting() => _last = Stopwatch.GetTimestamp();

    public long OnApplied(ReadOnlySpan<byte> entry, KvError error, Reply? reply)
    {
        long now = Stopwatch.GetTimestamp();
        long start = _last;
        _last = now;
        if (entry.IsEmpty)
            return now;

        TimeSpan took = Stopwatch.GetElapsedTime(start, now);
        int field = LoggedRequest.FieldOf(entry);

        // As in etcd: that somebody else has compacted further is no failure.
        HistogramOf(field).Observe(took, error is KvError.None or KvError.Compacted);
        if (took > _slow)
            TellSlow(entry, took, error, reply);
        if (field is LoggedRequest.PutField or LoggedRequest.TxnField or LoggedRequest.DeleteRangeField)
            return now;

        if (error == KvError.None)
            Notice(field, entry);
        _last = Stopwatch.GetTimestamp();
        return now;
    }

    private OutcomeHistogram HistogramOf(int field)
    {
        OutcomeHistogram? found = field < FirstFields ? _first[field] : _others.GetValueOrDefault(field);
        if (found is not null)
            return found;

        found = _metrics.Requests.ApplyOf(RequestNames.Of(field));
        if (field < FirstFields)
            _first[field] = found;
        else
            _others[field] = found;
        return found;
    }

    private void TellSlow(ReadOnlySpan<byte> entry, TimeSpan took, KvError error, Reply? reply)
    {
        _metrics.Server.Proposals.SlowApplies.Increment();
        int size = reply?.Message?.CalculateSize() ?? reply?.Encoded.Length ?? 0;
        SlowRequests.TellApply(
            _log, took, _slow, "", RequestNames.Describe(entry), $"size:{size.ToString(CultureInfo.InvariantCulture)}",
            error);
    }

    private void Notice(int field, ReadOnlySpan<byte> entry)
    {
        switch (field)
        {
            case InternalRaftRequest.LeaseGrantFieldNumber:
                _metrics.Leases.Granted.Increment();
                _metrics.Leases.TimeToLive.Observe(GrantedTtl(entry));
                break;
            case InternalRaftRequest.LeaseRevokeFieldNumber:
                _metrics.Leases.Revoked.Increment();
                break;
            case InternalRaftRequest.AlarmFieldNumber:
                _notices.NoticeAlarms();
                break;
            default:
                _notices.NoticeVersion();
                break;
        }
    }

    private double GrantedTtl(ReadOnlySpan<byte> entry)
    {
        LeaseGrantRequest request = InternalRaftRequest.Parser.ParseFrom(entry).LeaseGrant;
        return _store.Leases.GrantedTtl(request.TTL);
    }
}
