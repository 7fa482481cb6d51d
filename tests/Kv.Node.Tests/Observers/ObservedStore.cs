using System.Text;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Node.Tests.Leases;
using Kv.Node.Tests.Logging;
using Kv.Replication;
using Kv.Server.Metrics;
using Kv.Server.Observers;
using Kv.Store;
using Kv.Testing.Members;

namespace Kv.Node.Tests.Observers;

/// <summary>A store to which entries are applied under the eyes of an observer.</summary>
internal sealed class ObservedStore : IDisposable
{
    public const ulong MemberId = 0xA1;

    private readonly BackendOnDisk _disk = new();
    private readonly StoreParts _store;
    private readonly Applier _applier;
    private readonly ApplyObserver _observer;
    private ulong _index;

    public ObservedStore(TimeSpan slow, params AlarmType[] alarms)
    {
        var lane = new Kv.Node.Tests.Store.ManualLane();
        _store = WholeStore.Open(_disk.Backend, lane, new NoTokens(), ttlMin: 2);
        foreach (AlarmType alarm in alarms)
            _store.Alarms.Activate(MemberId, alarm);
        _applier = new Applier(_store, clusterId: 7, MemberId);
        _observer = new ApplyObserver(Metrics, _store, slow, Log);
    }

    public NodeMetrics Metrics { get; } = new(() => []);

    public HeardLog Log { get; } = new();

    /// <summary>What stands on the page of metrics.</summary>
    public string Page => Encoding.UTF8.GetString(PrometheusText.Write(Metrics.Registry).Span);

    public KvError Apply(InternalRaftRequest request)
    {
        request.Header = new RequestHeader { ID = 5 };
        byte[] entry = request.ToByteArray();
        var reply = new Reply();
        _observer.OnStarting();
        KvError error = _applier.Apply(++_index, term: 1, entry, reply);
        Assert.NotEqual(0, ((IApplyObserver)_observer).OnApplied(entry, error, reply));
        return error;
    }

    public void Dispose()
    {
        _disk.Dispose();
        Metrics.Dispose();
    }
}
