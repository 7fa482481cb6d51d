using Etcdserverpb;
using Google.Protobuf;
using Kv.Node.Tests.Store;
using Kv.Store;
using Kv.Store.Watching;
using Mvccpb;

namespace Kv.Node.Tests.Watching;

/// <summary>The real store, which does what the one in memory has done. Its lanes get on with their work whenever
/// chance lets them.</summary>
internal sealed class RealTwin(int seed) : IHistory, IChangeSink, IDisposable
{
    private readonly StoreWorld _world = new(seed);
    private readonly Random _random = new(seed);

    public MvccStore Store => _world.Store;

    public Action? OnRead { get; set; }

    public long CurrentRevision => Store.CurrentRevision;

    public long CompactRevision => Store.CompactRevision;

    public void Publish(long revision, ReadOnlySpan<Change> changes)
    {
        var txn = new TxnRequest();
        foreach (Change change in changes)
            txn.Success.Add(ToRequest(change));
        Assert.Equal(KvError.None, _world.Apply(txn).Error);
        Assert.Equal(revision, Store.CurrentRevision);
        Work();
    }

    public void Restore(long revision) => throw new NotSupportedException("This twin lives the same life.");

    public void Compact(long revision)
    {
        _world.Apply(new CompactionRequest { Revision = revision }); // refused if it was there before
        Work();
    }

    public long ReadChanges(long fromRevision, int revisionsMax, int bytesMax, IHistorySink sink)
    {
        OnRead?.Invoke();
        return Store.ReadChanges(fromRevision, revisionsMax, bytesMax, sink);
    }

    public bool TryGetAt(ReadOnlySpan<byte> key, long revision, out ReadOnlyMemory<byte> keyValue) =>
        Store.TryGetAt(key, revision, out keyValue);

    public void Dispose() => _world.Dispose();

    private static RequestOp ToRequest(Change change)
    {
        KeyValue changed = KeyValue.Parser.ParseFrom(change.KeyValue.Span);
        var key = ByteString.CopyFrom(change.Key.Span);
        return change.IsDelete
            ? new RequestOp { RequestDeleteRange = new DeleteRangeRequest { Key = key } }
            : new RequestOp { RequestPut = new PutRequest { Key = key, Value = changed.Value } };
    }

    private void Work()
    {
        if (_random.Next(3) == 0)
            _world.Tick();
        if (_random.Next(3) == 0)
            _world.CommitLane.RunOne();
        if (_random.Next(3) == 0)
            _world.CompactionLane.RunOne();
    }
}
