namespace Kv.Store;

/// <summary>What a request may add to the page file, by etcd's estimate. Only requests with a cost are held against the
/// quota, and only they are refused while there is no space.</summary>
public static class QuotaCost
{
    public const long LeaseGrant = 64;

    private const long PutOverhead = 256;

    public static long Put(ReadOnlySpan<byte> request)
    {
        PutRequestView.TryRead(request, out PutRequestView put);
        return PutOverhead + put.Key.Length + put.Value.Length;
    }

    /// <summary>The cost of the dearer branch, as it is not known yet which one will run.</summary>
    public static long Txn(ReadOnlySpan<byte> request)
    {
        var txn = new TxnRequestView(request);
        return Math.Max(Operations(txn.Success), Operations(txn.Failure));
    }

    /// <summary>Whether a request of this cost may go on; a quota of 0 or less is none.</summary>
    public static bool Fits(long cost, long fileBytes, long quotaBytes) =>
        cost == 0 || quotaBytes <= 0 || fileBytes + cost < quotaBytes;

    private static long Operations(MessageList operations)
    {
        long cost = 0;
        foreach (ReadOnlySpan<byte> message in operations)
        {
            RequestOpView.TryRead(message, out RequestOpView operation);
            cost += operation.Kind switch
            {
                RequestOpKind.Put => Put(operation.Request),
                RequestOpKind.Txn => Txn(operation.Request),
                _ => 0,
            };
        }

        return cost;
    }
}
