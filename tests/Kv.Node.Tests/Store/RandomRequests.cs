using Etcdserverpb;
using Google.Protobuf;
using Kv.Store;

namespace Kv.Node.Tests.Store;

/// <summary>Requests of all kinds about a few keys, such as pass the checks.</summary>
internal sealed class RandomRequests(Random random, int keys)
{
    public const long Lease = 77;

    private static readonly ByteString ToTheEnd = "\0".Bytes();

    public IMessage Next(long current, long compacted)
    {
        switch (random.Next(20))
        {
            case < 9:
                return Put();
            case < 12:
                return Delete();
            case < 19:
                TxnRequest txn = Txn(depth: 2, current);
                return RequestChecks.Txn(txn.ToByteArray(), operationsMax: 128) == KvError.None ? txn : Put();
            default:
                return new CompactionRequest { Revision = random.NextInt64(compacted - 1, current + 2) };
        }
    }

    public PutRequest Put()
    {
        var put = new PutRequest { Key = Key(), PrevKv = random.Next(3) == 0 };
        put.IgnoreValue = random.Next(10) == 0;
        put.IgnoreLease = random.Next(10) == 0;
        if (!put.IgnoreValue)
            put.Value = Value();
        if (!put.IgnoreLease && random.Next(3) == 0)
            put.Lease = random.Next(5) == 0 ? Lease + 1 : Lease; // the next one does not exist
        return put;
    }

    public RangeRequest Range(long current) => new()
    {
        Key = Key(),
        RangeEnd = End(),
        Limit = random.Next(2) == 0 ? 0 : random.Next(-1, 6),
        Revision = random.Next(2) == 0 ? 0 : random.NextInt64(-3, current + 2),
        SortOrder = (RangeRequest.Types.SortOrder)Math.Max(0, random.Next(-3, 3)),
        SortTarget = (RangeRequest.Types.SortTarget)Math.Max(0, random.Next(-5, 5)),
        KeysOnly = random.Next(4) == 0,
        CountOnly = random.Next(6) == 0,
        MinModRevision = Filter(current),
        MaxModRevision = Filter(current),
        MinCreateRevision = Filter(current),
        MaxCreateRevision = Filter(current),
    };

    private DeleteRangeRequest Delete() => new() { Key = Key(), RangeEnd = End(), PrevKv = random.Next(2) == 0 };

    private TxnRequest Txn(int depth, long current)
    {
        var txn = new TxnRequest();
        for (int count = random.Next(3); count > 0; count--)
            txn.Compare.Add(Compare(current));
        for (int count = random.Next(5); count > 0; count--)
            txn.Success.Add(Operation(depth, current));
        for (int count = random.Next(3); count > 0; count--)
            txn.Failure.Add(Operation(depth, current));
        return txn;
    }

    private RequestOp Operation(int depth, long current) => random.Next(8) switch
    {
        < 3 => Some.Op(Put()),
        < 5 => Some.Op(Range(current)),
        5 or 6 => Some.Op(Delete()),
        _ => depth == 0 ? Some.Op(Put()) : Some.Op(Txn(depth - 1, current)),
    };

    private Compare Compare(long current)
    {
        var compare = new Compare
        {
            Key = Key(),
            RangeEnd = random.Next(3) == 0 ? End() : ByteString.Empty,
            Result = (Compare.Types.CompareResult)random.Next(4),
            Target = (Compare.Types.CompareTarget)random.Next(5),
        };
        switch (random.Next(7) == 0 ? -1 : (int)compare.Target)
        {
            case 0:
                compare.Version = random.Next(3);
                break;
            case 1:
                compare.CreateRevision = random.NextInt64(current + 1);
                break;
            case 2:
                compare.ModRevision = random.NextInt64(current + 1);
                break;
            case 3:
                compare.Value = Value();
                break;
            case 4:
                compare.Lease = random.Next(2) * Lease;
                break;
        }

        return compare;
    }

    private long Filter(long current) => random.Next(8) == 0 ? random.NextInt64(-2, current + 2) : 0;

    private ByteString Key() => $"k{random.Next(keys):x}".Bytes();

    private ByteString End() => random.Next(6) switch
    {
        0 => ToTheEnd,
        < 3 => Key(),
        _ => ByteString.Empty,
    };

    private ByteString Value() => random.Next(8) switch
    {
        0 => ByteString.Empty,
        1 => new string('v', random.Next(6000)).Bytes(),
        _ => $"v{random.Next(10)}".Bytes(),
    };
}
