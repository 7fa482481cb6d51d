using Etcdserverpb;

namespace Kv.Store;

/// <summary>What a request may add to the page file, in bytes, as etcd estimates it for the quota: a constant for what
/// is kept around a key and a lease, and the bytes of the request itself.</summary>
public static class QuotaCost
{
    public const long Lease = 64;

    private const long KeyOverhead = 256;

    public static long Put(int keyBytes, int valueBytes) => KeyOverhead + keyBytes + valueBytes;

    /// <summary>The dearer of the two branches.</summary>
    public static long Txn(TxnRequest request) => Math.Max(Operations(request.Success), Operations(request.Failure));

    private static long Operations(IEnumerable<RequestOp> operations)
    {
        long cost = 0;
        foreach (RequestOp operation in operations)
        {
            if (operation.RequestCase == RequestOp.RequestOneofCase.RequestPut)
                cost += Put(operation.RequestPut.Key.Length, operation.RequestPut.Value.Length);
            else if (operation.RequestCase == RequestOp.RequestOneofCase.RequestTxn)
                cost += Txn(operation.RequestTxn);
        }

        return cost;
    }
}
