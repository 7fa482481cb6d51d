using Etcdserverpb;

namespace Kv.Store;

/// <summary>What can be said against a request before it enters the log, from the request alone. As in etcd, checked
/// once where the client is connected, and never again when it is applied.</summary>
public static class RequestChecks
{
    public static KvError Range(RangeRequest request)
    {
        if (request.Key.IsEmpty)
            return KvError.EmptyKey;
        return Enum.IsDefined(request.SortOrder) && Enum.IsDefined(request.SortTarget)
            ? KvError.None
            : KvError.InvalidSortOption;
    }

    public static KvError Put(bool hasKey, bool hasValue, bool hasLease, bool ignoresValue, bool ignoresLease)
    {
        if (!hasKey)
            return KvError.EmptyKey;
        if (ignoresValue && hasValue)
            return KvError.ValueProvided;
        return ignoresLease && hasLease ? KvError.LeaseProvided : KvError.None;
    }

    public static KvError Put(PutRequest request) => Put(
        !request.Key.IsEmpty, !request.Value.IsEmpty, request.Lease != 0, request.IgnoreValue, request.IgnoreLease);

    public static KvError DeleteRange(DeleteRangeRequest request) =>
        request.Key.IsEmpty ? KvError.EmptyKey : KvError.None;

    /// <summary>Checks a transaction and all that are nested in it. <paramref name="opsMax"/> bounds the longest of its
    /// three lists; a nested one may have what this leaves over.</summary>
    public static KvError Txn(TxnRequest request, int opsMax)
    {
        KvError error = Operations(request, opsMax);
        if (error != KvError.None)
            return error;
        return TxnDuplicates.Check(request.Success, out _) && TxnDuplicates.Check(request.Failure, out _)
            ? KvError.None
            : KvError.DuplicateKey;
    }

    /// <summary>Whether a transaction only reads, so that it need not enter the log; a nested one makes it write, as
    /// etcd has it.</summary>
    public static bool IsReadOnly(TxnRequest request) =>
        AreRanges(request.Success) && AreRanges(request.Failure);

    /// <summary>Whether every range of a transaction that only reads may be answered without asking the
    /// cluster.</summary>
    public static bool IsSerializable(TxnRequest request) =>
        AreSerializable(request.Success) && AreSerializable(request.Failure);

    private static KvError Operations(TxnRequest request, int opsMax)
    {
        int count = Math.Max(request.Compare.Count, Math.Max(request.Success.Count, request.Failure.Count));
        if (count > opsMax)
            return KvError.TooManyOps;
        foreach (Compare compare in request.Compare)
        {
            if (compare.Key.IsEmpty)
                return KvError.EmptyKey;
        }

        KvError error = Operations(request.Success, opsMax - count);
        return error != KvError.None ? error : Operations(request.Failure, opsMax - count);
    }

    private static KvError Operations(IEnumerable<RequestOp> operations, int opsMax)
    {
        foreach (RequestOp operation in operations)
        {
            KvError error = operation.RequestCase switch
            {
                RequestOp.RequestOneofCase.RequestRange => Range(operation.RequestRange),
                RequestOp.RequestOneofCase.RequestPut => Put(operation.RequestPut),
                RequestOp.RequestOneofCase.RequestDeleteRange => DeleteRange(operation.RequestDeleteRange),
                RequestOp.RequestOneofCase.RequestTxn => Operations(operation.RequestTxn, opsMax),
                _ => KvError.KeyNotFound,
            };
            if (error != KvError.None)
                return error;
        }

        return KvError.None;
    }

    private static bool AreRanges(IEnumerable<RequestOp> operations)
    {
        foreach (RequestOp operation in operations)
        {
            if (operation.RequestCase != RequestOp.RequestOneofCase.RequestRange)
                return false;
        }

        return true;
    }

    private static bool AreSerializable(IEnumerable<RequestOp> operations)
    {
        foreach (RequestOp operation in operations)
        {
            if (!operation.RequestRange.Serializable)
                return false;
        }

        return true;
    }
}
