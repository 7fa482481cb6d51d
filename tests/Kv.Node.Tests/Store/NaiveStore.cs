using Etcdserverpb;
using Google.Protobuf;
using Kv.Store;
using Mvccpb;

namespace Kv.Node.Tests.Store;

/// <summary>A store that keeps a list of everything and answers by looking through all of it: too slow to use, too
/// simple to be wrong. Speaks in messages, to which it fills in what a real member would.</summary>
internal sealed class NaiveStore
{
    private readonly List<Row> _rows = [];
    private long _begun;

    public HashSet<long> Leases { get; } = [];

    public long Current { get; private set; } = 1;

    public long Compacted { get; private set; } = -1;

    public IReadOnlyList<Row> Rows => _rows;

    public (KvError Error, IMessage? Reply) Apply(IMessage request)
    {
        if (request is CompactionRequest compaction)
            return (Compact(compaction.Revision), new CompactionResponse());

        _begun = Current;
        KvError error = request is TxnRequest txn ? CheckTxn(txn) : Check(request);
        if (error != KvError.None)
            return (error, null);

        IMessage reply = Execute(request);
        ResponseHeader header = HeaderOf(reply);
        header.Revision = Current;
        Fill(header);
        return (KvError.None, reply);
    }

    public (KvError Error, RangeResponse? Reply) Range(RangeRequest request)
    {
        long at = request.Revision > 0 ? request.Revision : Current;
        if (at > Current)
            return (KvError.FutureRevision, null);
        if (at < Compacted)
            return (KvError.Compacted, null);

        RangeResponse reply = ExecuteRange(request);
        Fill(reply.Header);
        return (KvError.None, reply);
    }

    public KeyValue? Get(ByteString key, long at)
    {
        Row? last = _rows.LastOrDefault(row => row.Main <= at && row.Key == key);
        return last?.KeyValue;
    }

    public IEnumerable<KeyValue> Find(ByteString key, ByteString end, long at)
    {
        IEnumerable<ByteString> keys = _rows.Select(row => row.Key).Distinct();
        return keys
            .Where(candidate => new KeyRange(key.Span, end.Span).Contains(candidate.Span))
            .Select(candidate => Get(candidate, at))
            .OfType<KeyValue>()
            .OrderBy(found => found.Key.ToByteArray(), new BytesOrder());
    }

    private static void Fill(ResponseHeader header)
    {
        header.ClusterId = StoreWorld.Header.ClusterId;
        header.MemberId = StoreWorld.Header.MemberId;
        header.RaftTerm = StoreWorld.Header.RaftTerm;
    }

    private static ResponseHeader HeaderOf(IMessage reply) => reply switch
    {
        PutResponse put => put.Header,
        DeleteRangeResponse deletion => deletion.Header,
        _ => ((TxnResponse)reply).Header,
    };

    private KvError Compact(long revision)
    {
        if (revision <= Compacted)
            return KvError.Compacted;
        if (revision > Current)
            return KvError.FutureRevision;
        Compacted = revision;
        return KvError.None;
    }

    private KvError Check(IMessage request)
    {
        if (request is PutRequest put)
        {
            if (put.Lease != 0 && !Leases.Contains(put.Lease))
                return KvError.LeaseNotFound;
            bool needsKey = put.IgnoreValue || put.IgnoreLease;
            return needsKey && Get(put.Key, Current) is null ? KvError.KeyNotFound : KvError.None;
        }

        if (request is not RangeRequest { Revision: not 0 } range)
            return KvError.None;
        if (range.Revision > Current)
            return KvError.FutureRevision;
        return range.Revision < Compacted ? KvError.Compacted : KvError.None;
    }

    private KvError CheckTxn(TxnRequest txn)
    {
        foreach (RequestOp operation in Holds(txn) ? txn.Success : txn.Failure)
        {
            IMessage request = RequestOf(operation);
            KvError error = request is TxnRequest nested ? CheckTxn(nested) : Check(request);
            if (error != KvError.None)
                return error;
        }

        return KvError.None;
    }

    private static IMessage RequestOf(RequestOp operation) => operation.RequestCase switch
    {
        RequestOp.RequestOneofCase.RequestPut => operation.RequestPut,
        RequestOp.RequestOneofCase.RequestRange => operation.RequestRange,
        RequestOp.RequestOneofCase.RequestDeleteRange => operation.RequestDeleteRange,
        _ => operation.RequestTxn,
    };

    private bool Holds(TxnRequest txn) => txn.Compare.All(Holds);

    // Always against the state before the transaction, also of nested ones.
    private bool Holds(Compare compare)
    {
        KeyValue[] found = [.. Find(compare.Key, compare.RangeEnd, _begun)];
        if (found.Length == 0)
            return compare.Target != Compare.Types.CompareTarget.Value && Holds(compare, new KeyValue());
        return found.All(keyValue => Holds(compare, keyValue));
    }

    private static bool Holds(Compare compare, KeyValue keyValue)
    {
        int order = compare.Target switch
        {
            Compare.Types.CompareTarget.Version => keyValue.Version.CompareTo(compare.Version),
            Compare.Types.CompareTarget.Create => keyValue.CreateRevision.CompareTo(compare.CreateRevision),
            Compare.Types.CompareTarget.Mod => keyValue.ModRevision.CompareTo(compare.ModRevision),
            Compare.Types.CompareTarget.Lease => keyValue.Lease.CompareTo(compare.Lease),
            _ => keyValue.Value.Span.SequenceCompareTo(compare.Value.Span),
        };
        return compare.Result switch
        {
            Compare.Types.CompareResult.Equal => order == 0,
            Compare.Types.CompareResult.NotEqual => order != 0,
            Compare.Types.CompareResult.Greater => order > 0,
            _ => order < 0,
        };
    }

    private IMessage Execute(IMessage request) => request switch
    {
        PutRequest put => ExecutePut(put),
        DeleteRangeRequest deletion => ExecuteDelete(deletion),
        RangeRequest range => ExecuteRange(range),
        _ => ExecuteTxn((TxnRequest)request),
    };

    private TxnResponse ExecuteTxn(TxnRequest txn)
    {
        var reply = new TxnResponse { Header = new ResponseHeader(), Succeeded = Holds(txn) };
        foreach (RequestOp operation in reply.Succeeded ? txn.Success : txn.Failure)
        {
            reply.Responses.Add(Execute(RequestOf(operation)) switch
            {
                PutResponse put => new ResponseOp { ResponsePut = put },
                DeleteRangeResponse deletion => new ResponseOp { ResponseDeleteRange = deletion },
                RangeResponse range => new ResponseOp { ResponseRange = range },
                IMessage nested => new ResponseOp { ResponseTxn = (TxnResponse)nested },
            });
        }

        return reply;
    }

    private PutResponse ExecutePut(PutRequest put)
    {
        KeyValue? previous = Get(put.Key, Current);
        Current = _begun + 1;
        Add(put.Key, new KeyValue
        {
            Key = put.Key,
            CreateRevision = previous?.CreateRevision ?? Current,
            ModRevision = Current,
            Version = (previous?.Version ?? 0) + 1,
            // Deleted earlier in the same transaction, by a range without end: there is nothing to keep.
            Value = put.IgnoreValue ? previous?.Value ?? ByteString.Empty : put.Value,
            Lease = put.IgnoreLease ? previous?.Lease ?? 0 : put.Lease,
        });
        var reply = new PutResponse { Header = new ResponseHeader { Revision = Current } };
        if (put.PrevKv && previous is not null)
            reply.PrevKv = previous;
        return reply;
    }

    private DeleteRangeResponse ExecuteDelete(DeleteRangeRequest deletion)
    {
        KeyValue[] found = [.. Find(deletion.Key, deletion.RangeEnd, Current)];
        if (found.Length > 0)
            Current = _begun + 1;
        foreach (KeyValue keyValue in found)
            Add(keyValue.Key, null);
        var header = new ResponseHeader { Revision = Current };
        var reply = new DeleteRangeResponse { Header = header, Deleted = found.Length };
        if (deletion.PrevKv)
            reply.PrevKvs.Add(found);
        return reply;
    }

    private void Add(ByteString key, KeyValue? keyValue)
    {
        int sub = _rows.Count(row => row.Main == Current);
        _rows.Add(new Row(Current, sub, key, keyValue));
    }

    private RangeResponse ExecuteRange(RangeRequest range)
    {
        long at = range.Revision > 0 ? range.Revision : Current;
        KeyValue[] all = [.. Find(range.Key, range.RangeEnd, at)];
        var reply = new RangeResponse { Header = new ResponseHeader { Revision = Current }, Count = all.Length };
        if (range.CountOnly)
            return reply;

        bool isFiltered = range.MinModRevision != 0 || range.MaxModRevision != 0 ||
            range.MinCreateRevision != 0 || range.MaxCreateRevision != 0;
        bool hasOrder = range.SortOrder != RangeRequest.Types.SortOrder.None;
        IEnumerable<KeyValue> kept = range.Limit > 0 && !isFiltered && !hasOrder ? all.Take((int)range.Limit + 1) : all;
        kept = kept.Where(keyValue =>
            (range.MinModRevision == 0 || keyValue.ModRevision >= range.MinModRevision) &&
            (range.MaxModRevision == 0 || keyValue.ModRevision <= range.MaxModRevision) &&
            (range.MinCreateRevision == 0 || keyValue.CreateRevision >= range.MinCreateRevision) &&
            (range.MaxCreateRevision == 0 || keyValue.CreateRevision <= range.MaxCreateRevision));
        KeyValue[] sorted = [.. Sorted(kept, range)];
        int limit = range.Limit > 0 ? (int)Math.Min(range.Limit, int.MaxValue) : int.MaxValue;
        reply.More = sorted.Length > limit;
        reply.Kvs.Add(sorted.Take(limit).Select(keyValue => range.KeysOnly ? Without(keyValue, range) : keyValue));
        return reply;
    }

    private static KeyValue Without(KeyValue keyValue, RangeRequest range)
    {
        KeyValue copy = keyValue.Clone();
        copy.Value = ByteString.Empty;
        if (range.SortTarget != RangeRequest.Types.SortTarget.Value)
            copy.Lease = 0;
        return copy;
    }

    private static IEnumerable<KeyValue> Sorted(IEnumerable<KeyValue> keyValues, RangeRequest range)
    {
        bool isDescending = range.SortOrder == RangeRequest.Types.SortOrder.Descend;
        if (range.SortTarget == RangeRequest.Types.SortTarget.Key)
            return isDescending ? keyValues.Reverse() : keyValues;
        if (range.SortTarget == RangeRequest.Types.SortTarget.Value)
        {
            return isDescending
                ? keyValues.OrderByDescending(keyValue => keyValue.Value.ToByteArray(), new BytesOrder())
                : keyValues.OrderBy(keyValue => keyValue.Value.ToByteArray(), new BytesOrder());
        }

        Func<KeyValue, long> field = range.SortTarget switch
        {
            RangeRequest.Types.SortTarget.Version => keyValue => keyValue.Version,
            RangeRequest.Types.SortTarget.Create => keyValue => keyValue.CreateRevision,
            _ => keyValue => keyValue.ModRevision,
        };
        return isDescending ? keyValues.OrderByDescending(field) : keyValues.OrderBy(field);
    }

    /// <summary>One change; without a KeyValue a deletion.</summary>
    public sealed record Row(long Main, int Sub, ByteString Key, KeyValue? KeyValue);
}
