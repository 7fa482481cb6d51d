namespace Kv.Store;

/// <summary>Whether the user of a logged request may do all that it asks for. A transaction is checked over both its
/// branches, since which one runs depends on the data.</summary>
public static class PermissionChecks
{
    private const int LeaseRevokeField = 9;

    public static KvError Check(StoreParts parts, in LoggedRequest request)
    {
        var caller = new Caller(request.UserName, request.AuthRevision);
        return request.Field switch
        {
            LoggedRequest.PutField => Put(parts, caller, request.Body),
            LoggedRequest.DeleteRangeField => DeleteRange(parts, caller, request.Body),
            LoggedRequest.TxnField => Txn(parts, caller, request.Body),
            LeaseRevokeField => Lease(parts, caller, LeaseOf(request.Body)),
            _ => KvError.None,
        };
    }

    public static KvError Txn(StoreParts parts, Caller caller, ReadOnlySpan<byte> request)
    {
        var txn = new TxnRequestView(request);
        foreach (ReadOnlySpan<byte> message in txn.Compares)
        {
            CompareView.TryRead(message, out CompareView compare);
            KvError error = parts.Auth.CheckRange(caller, isWrite: false, compare.Key, compare.RangeEnd);
            if (error != KvError.None)
                return error;
        }

        KvError success = Operations(parts, caller, txn.Success);
        return success != KvError.None ? success : Operations(parts, caller, txn.Failure);
    }

    /// <summary>Writing to a key that hangs on a lease decides over the lease's other keys too.</summary>
    public static KvError Lease(StoreParts parts, Caller caller, long lease)
    {
        if (!parts.Leases.TryGetKeys(lease, out byte[][]? keys))
            return KvError.None; // refused for that reason when it is applied
        if (parts.Auth.CheckRoot(caller.UserName) == KvError.None)
            return KvError.None; // as in etcd, even if it comes from before a change of auth
        foreach (byte[] key in keys)
        {
            KvError error = parts.Auth.CheckRange(caller, isWrite: true, key, default);
            if (error != KvError.None)
                return error;
        }

        return KvError.None;
    }

    private static KvError Put(StoreParts parts, Caller caller, ReadOnlySpan<byte> request)
    {
        PutRequestView.TryRead(request, out PutRequestView put);
        KvError error = parts.Auth.CheckRange(caller, isWrite: true, put.Key, default);
        if (error == KvError.None && put.Lease != 0)
            error = Lease(parts, caller, put.Lease);
        if (error == KvError.None && put.WantsPrevious)
            error = parts.Auth.CheckRange(caller, isWrite: false, put.Key, default);
        return error;
    }

    private static KvError DeleteRange(StoreParts parts, Caller caller, ReadOnlySpan<byte> request)
    {
        DeleteRangeRequestView.TryRead(request, out DeleteRangeRequestView range);
        KvError error = parts.Auth.CheckRange(caller, isWrite: true, range.Key, range.RangeEnd);
        if (error == KvError.None && range.WantsPrevious)
            error = parts.Auth.CheckRange(caller, isWrite: false, range.Key, range.RangeEnd);
        return error;
    }

    private static KvError Range(StoreParts parts, Caller caller, ReadOnlySpan<byte> request)
    {
        RangeRequestView.TryRead(request, out RangeRequestView range);
        return parts.Auth.CheckRange(caller, isWrite: false, range.Key, range.RangeEnd);
    }

    private static KvError Operations(StoreParts parts, Caller caller, MessageList operations)
    {
        foreach (ReadOnlySpan<byte> message in operations)
        {
            RequestOpView.TryRead(message, out RequestOpView operation);
            KvError error = operation.Kind switch
            {
                RequestOpKind.Put => Put(parts, caller, operation.Request),
                RequestOpKind.DeleteRange => DeleteRange(parts, caller, operation.Request),
                RequestOpKind.Range => Range(parts, caller, operation.Request),
                RequestOpKind.Txn => Txn(parts, caller, operation.Request),
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
