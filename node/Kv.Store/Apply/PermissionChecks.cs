namespace Kv.Store;

/// <summary>Whether the user of a logged request may do all that it asks for. A transaction is checked over both its
/// branches, since which one runs depends on the data.</summary>
public static class PermissionChecks
{
    private const int LeaseRevokeField = 9;

    public static KvError Check(StoreParts parts, in LoggedRequest request) => request.Field switch
    {
        LoggedRequest.PutField => Put(parts, request.UserName, request.Body),
        LoggedRequest.DeleteRangeField => DeleteRange(parts, request.UserName, request.Body),
        LoggedRequest.TxnField => Txn(parts, request.UserName, request.Body),
        LeaseRevokeField => Lease(parts, request.UserName, LeaseOf(request.Body)),
        _ => request.UserName.Length == 0 ? KvError.UserEmpty : KvError.None,
    };

    public static KvError Txn(StoreParts parts, string userName, ReadOnlySpan<byte> request)
    {
        var txn = new TxnRequestView(request);
        foreach (ReadOnlySpan<byte> message in txn.Compares)
        {
            CompareView.TryRead(message, out CompareView compare);
            KvError error = parts.Auth.CheckRange(userName, isWrite: false, compare.Key, compare.RangeEnd);
            if (error != KvError.None)
                return error;
        }

        KvError success = Operations(parts, userName, txn.Success);
        return success != KvError.None ? success : Operations(parts, userName, txn.Failure);
    }

    /// <summary>Writing to a key that hangs on a lease decides over the lease's other keys too.</summary>
    public static KvError Lease(StoreParts parts, string userName, long lease)
    {
        if (!parts.Leases.TryGetKeys(lease, out byte[][]? keys))
            return KvError.None; // refused for that reason when it is applied
        foreach (byte[] key in keys)
        {
            KvError error = parts.Auth.CheckRange(userName, isWrite: true, key, default);
            if (error != KvError.None)
                return error;
        }

        return userName.Length == 0 ? KvError.UserEmpty : KvError.None;
    }

    private static KvError Put(StoreParts parts, string userName, ReadOnlySpan<byte> request)
    {
        PutRequestView.TryRead(request, out PutRequestView put);
        KvError error = parts.Auth.CheckRange(userName, isWrite: true, put.Key, default);
        if (error == KvError.None && put.Lease != 0)
            error = Lease(parts, userName, put.Lease);
        if (error == KvError.None && put.WantsPrevious)
            error = parts.Auth.CheckRange(userName, isWrite: false, put.Key, default);
        return error;
    }

    private static KvError DeleteRange(StoreParts parts, string userName, ReadOnlySpan<byte> request)
    {
        DeleteRangeRequestView.TryRead(request, out DeleteRangeRequestView range);
        KvError error = parts.Auth.CheckRange(userName, isWrite: true, range.Key, range.RangeEnd);
        if (error == KvError.None && range.WantsPrevious)
            error = parts.Auth.CheckRange(userName, isWrite: false, range.Key, range.RangeEnd);
        return error;
    }

    private static KvError Range(StoreParts parts, string userName, ReadOnlySpan<byte> request)
    {
        RangeRequestView.TryRead(request, out RangeRequestView range);
        return parts.Auth.CheckRange(userName, isWrite: false, range.Key, range.RangeEnd);
    }

    private static KvError Operations(StoreParts parts, string userName, MessageList operations)
    {
        foreach (ReadOnlySpan<byte> message in operations)
        {
            RequestOpView.TryRead(message, out RequestOpView operation);
            KvError error = operation.Kind switch
            {
                RequestOpKind.Put => Put(parts, userName, operation.Request),
                RequestOpKind.DeleteRange => DeleteRange(parts, userName, operation.Request),
                RequestOpKind.Range => Range(parts, userName, operation.Request),
                RequestOpKind.Txn => Txn(parts, userName, operation.Request),
                _ => KvError.None,
            };
            if (error != KvError.None)
                return error;
        }

        return KvError.None;
    }

    private static long LeaseOf(ReadOnlySpan<byte> request)
    {
        long lease = 0;
        var reader = new ProtoReader(request);
        while (reader.MoveNext())
        {
            if (reader.Field == 1)
                lease = reader.Int64();
            else
                reader.Skip();
        }

        return lease;
    }
}
