using System.Buffers;

namespace Kv.Store;

/// <summary>One transaction, read in place, in three walks: all comparisons, nested ones included, against the state
/// before it (which leaves the path: what each level chose); then whatever could be refused on that path; then the
/// operations, each of which sees those before it.</summary>
internal sealed class TxnRun(KeySpace space, ILeaseAttachments leases)
{
    private readonly List<bool> _path = [];
    private readonly List<Revision> _previous = [];
    private readonly SliceList _slices = new();
    private readonly TxnReply _reply = new();
    private ReadPoint _point;
    private StoreWriter? _writer;
    private bool _isAnswered;
    private int _step;
    private OperationTally _looked;

    // What stands inside a transaction's answer has headers with the revision alone.
    private static ReplyHeader Inner => default;

    /// <summary>How many reads the run has taken, but for those of <see cref="StoreWriter"/>.</summary>
    public int Ranges => _looked.Ranges;

    // Of reads, the revision at which the transaction began; of one that writes, with what it has written so far.
    private long Revision => _writer?.Revision ?? _point.Current;

    private StoreView View => _point.View;

    /// <summary>Runs a transaction that writes. The apply lane's. Without <paramref name="reply"/> nobody waits for the
    /// answer, and what only reads is left out.</summary>
    public KvError Write(
        ReadOnlySpan<byte> txn, StoreWriter writer, in ReplyHeader header, IBufferWriter<byte>? reply)
    {
        StoreView view = space.Backend.Hold();
        Start(space.ReadHere(view));
        _writer = writer;
        _isAnswered = reply is not null;
        writer.Begin();
        KvError error = Run(txn);
        long revision = error == KvError.None ? writer.End() : 0;

        // Looking and writing are two transactions to etcd, which counts both.
        writer.Counts.Add(_looked);
        _writer = null;
        Backend.Release(view);
        if (error == KvError.None && reply is not null)
            _reply.WriteTo(reply, header, revision, _path[0]);
        return error;
    }

    /// <summary>Runs a transaction that only reads, at one revision. Any thread, one run each.</summary>
    public KvError Read(
        ReadOnlySpan<byte> txn, in ReadPoint point, in ReplyHeader header, IBufferWriter<byte> reply)
    {
        Start(point);
        _isAnswered = true;
        KvError error = Run(txn);
        if (error == KvError.None)
            _reply.WriteTo(reply, header, point.Current, _path[0]);
        _point = default; // this may lie idle for long, and the store be another one by then
        return error;
    }

    private void Start(in ReadPoint point)
    {
        _point = point;
        _path.Clear();
        _reply.Clear();
        _looked = default;
    }

    private KvError Run(ReadOnlySpan<byte> txn)
    {
        Evaluate(txn);
        _step = 0;
        KvError error = Check(txn);
        if (error != KvError.None)
            return error;

        _step = 0;
        Execute(txn);
        return KvError.None;
    }

    private void Evaluate(ReadOnlySpan<byte> message)
    {
        var txn = new TxnRequestView(message);
        var comparison = new Comparison(space, _point);
        bool succeeded = true;
        foreach (ReadOnlySpan<byte> encoded in txn.Compares)
        {
            CompareView.TryRead(encoded, out CompareView compare);
            _looked.Ranges++;
            succeeded = comparison.Holds(compare);
            if (!succeeded)
                break;
        }

        _path.Add(succeeded);
        foreach (ReadOnlySpan<byte> encoded in txn.Branch(succeeded))
        {
            RequestOpView.TryRead(encoded, out RequestOpView operation);
            if (operation.Kind == RequestOpKind.Txn)
                Evaluate(operation.Request);
        }
    }

    private KvError Check(ReadOnlySpan<byte> message)
    {
        foreach (ReadOnlySpan<byte> encoded in new TxnRequestView(message).Branch(_path[_step++]))
        {
            RequestOpView.TryRead(encoded, out RequestOpView operation);
            KvError error = operation.Kind switch
            {
                RequestOpKind.Put => CheckPut(operation.Request),
                RequestOpKind.Range => CheckRange(operation.Request),
                RequestOpKind.Txn => Check(operation.Request),
                _ => KvError.None,
            };
            if (error != KvError.None)
                return error;
        }

        return KvError.None;
    }

    private KvError CheckPut(ReadOnlySpan<byte> message)
    {
        PutRequestView.TryRead(message, out PutRequestView put);
        if (put.Lease != 0 && !leases.Exists(put.Lease))
            return KvError.LeaseNotFound;
        if (!put.KeepsValue && !put.KeepsLease)
            return KvError.None;
        _looked.Ranges++;
        lock (space.Gate)
            return _point.Index.TryGet(put.Key, _point.Current, out _) ? KvError.None : KvError.KeyNotFound;
    }

    private KvError CheckRange(ReadOnlySpan<byte> message)
    {
        RangeRequestView.TryRead(message, out RangeRequestView range);
        if (range.Revision > _point.Current)
            return KvError.FutureRevision;
        return range.Revision != 0 && range.Revision < _point.Compacted ? KvError.Compacted : KvError.None;
    }

    private void Execute(ReadOnlySpan<byte> message)
    {
        foreach (ReadOnlySpan<byte> encoded in new TxnRequestView(message).Branch(_path[_step++]))
        {
            RequestOpView.TryRead(encoded, out RequestOpView operation);
            switch (operation.Kind)
            {
                case RequestOpKind.Put:
                    Put(operation.Request);
                    break;
                case RequestOpKind.DeleteRange:
                    DeleteRange(operation.Request);
                    break;
                case RequestOpKind.Range:
                    CountRange();
                    if (_isAnswered)
                        Range(operation.Request);
                    break;
                case RequestOpKind.Txn:
                    int start = _reply.BeginNested(_path[_step]);
                    Execute(operation.Request);
                    _reply.EndNested(start);
                    break;
            }
        }
    }

    private void Put(ReadOnlySpan<byte> message)
    {
        PutRequestView.TryRead(message, out PutRequestView put);
        ReadOnlySpan<byte> previous = PutStep.Run(space, View, _writer!, put);
        int length = WriteReplies.SizeOfPut(Inner, Revision, previous.Length);
        var writer = new ProtoWriter(_reply.AddResponse(RequestOpKind.Put, length));
        WriteReplies.WritePut(ref writer, Inner, Revision, previous);
    }

    private void DeleteRange(ReadOnlySpan<byte> message)
    {
        DeleteRangeRequestView.TryRead(message, out DeleteRangeRequestView request);
        if (request.WantsPrevious)
            CountRange();
        bool wantsPrevious = request.WantsPrevious && _isAnswered;
        long deleted = _writer!.DeleteRange(request.Range, wantsPrevious ? _previous : null);
        foreach (Revision revision in _previous)
            _slices.Add(View.Find(revision));

        int length = WriteReplies.SizeOfDelete(Inner, Revision, deleted, _slices);
        var writer = new ProtoWriter(_reply.AddResponse(RequestOpKind.DeleteRange, length));
        WriteReplies.WriteDelete(ref writer, Inner, Revision, deleted, _slices, View);
        _previous.Clear();
        _slices.Clear();
    }

    private void CountRange()
    {
        if (_writer is null)
            _looked.Ranges++;
        else
            _writer.CountRange();
    }

    private void Range(ReadOnlySpan<byte> message)
    {
        RangeRequestView.TryRead(message, out RangeRequestView request);
        using var reply = RangeReply.Rent();
        bool isHeld = View.Pages.TryHold();
        Invariant.Require(isHeld);
        reply.Own(View);
        reply.Revision = Revision;
        RangeReader.Read(space, _point, request.Revision > 0 ? request.Revision : Revision, request, reply);
        reply.Seal(Inner);
        int copied = reply.CopyTo(_reply.AddResponse(RequestOpKind.Range, checked((int)reply.EncodedBytes)));
        Invariant.Require(copied == reply.EncodedBytes);
    }
}
