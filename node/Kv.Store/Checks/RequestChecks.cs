namespace Kv.Store;

/// <summary>What can be said of a request from the request alone, in the order in which etcd looks at it. Asked before
/// a request is proposed: what fails here never reaches the log. Requests come as they came from the wire.</summary>
public static class RequestChecks
{
    public static KvError Put(ReadOnlySpan<byte> request)
    {
        if (!PutRequestView.TryRead(request, out PutRequestView put))
            return KvError.Malformed;
        if (put.Key.IsEmpty)
            return KvError.EmptyKey;
        if (put.KeepsValue && !put.Value.IsEmpty)
            return KvError.ValueProvided;
        return put.KeepsLease && put.Lease != 0 ? KvError.LeaseProvided : KvError.None;
    }

    public static KvError Range(ReadOnlySpan<byte> request)
    {
        if (!RangeRequestView.TryRead(request, out RangeRequestView range))
            return KvError.Malformed;
        if (range.Key.IsEmpty)
            return KvError.EmptyKey;
        bool isSortable = range.Order is >= SortOrder.None and <= SortOrder.Descend &&
            range.Target is >= SortTarget.Key and <= SortTarget.Value;
        return isSortable ? KvError.None : KvError.InvalidSortOption;
    }

    /// <summary>As <see cref="Range"/>, and what a stream of ranges does not offer.</summary>
    public static KvError RangeStream(ReadOnlySpan<byte> request)
    {
        KvError error = Range(request);
        if (error != KvError.None)
            return error;

        RangeRequestView.TryRead(request, out RangeRequestView range);
        if (range.Order != SortOrder.None || range.Target != SortTarget.Key)
            return KvError.RangeStreamSortOrder;
        return range.HasFilter ? KvError.RangeStreamFilters : KvError.None;
    }

    public static KvError DeleteRange(ReadOnlySpan<byte> request)
    {
        if (!DeleteRangeRequestView.TryRead(request, out DeleteRangeRequestView range))
            return KvError.Malformed;
        return range.Key.IsEmpty ? KvError.EmptyKey : KvError.None;
    }

    /// <summary>Checks a transaction and all in it. A nested one may have as many operations as the levels above it
    /// left.</summary>
    public static KvError Txn(ReadOnlyMemory<byte> request, int operationsMax)
    {
        KvError error = TxnLevel(request.Span, operationsMax);
        return error == KvError.None ? DuplicateKeys.Check(request) : error;
    }

    /// <summary>Whether a transaction only reads, so that it need not enter the log; a nested one makes it write, as
    /// etcd has it.</summary>
    public static bool IsReadOnly(ReadOnlySpan<byte> txn) =>
        AreRanges(new TxnRequestView(txn).Success) && AreRanges(new TxnRequestView(txn).Failure);

    /// <summary>Whether every range of a transaction that only reads may be answered without asking the
    /// cluster.</summary>
    public static bool IsSerializable(ReadOnlySpan<byte> txn) =>
        AreSerializable(new TxnRequestView(txn).Success) && AreSerializable(new TxnRequestView(txn).Failure);

    private static KvError TxnLevel(ReadOnlySpan<byte> request, int operationsMax)
    {
        var txn = new TxnRequestView(request);
        if (!txn.TryCount(out int compares, out int success, out int failure))
            return KvError.Malformed;

        int operations = Math.Max(compares, Math.Max(success, failure));
        if (operations > operationsMax)
            return KvError.TooManyOps;

        foreach (ReadOnlySpan<byte> message in txn.Compares)
        {
            if (!CompareView.TryRead(message, out CompareView compare))
                return KvError.Malformed;
            if (compare.Key.IsEmpty)
                return KvError.EmptyKey;
        }

        KvError error = Operations(txn.Success, operationsMax - operations);
        return error == KvError.None ? Operations(txn.Failure, operationsMax - operations) : error;
    }

    private static KvError Operations(MessageList operations, int operationsMax)
    {
        foreach (ReadOnlySpan<byte> message in operations)
        {
            if (!RequestOpView.TryRead(message, out RequestOpView operation))
                return KvError.Malformed;

            KvError error = operation.Kind switch
            {
                RequestOpKind.Range => Range(operation.Request),
                RequestOpKind.Put => Put(operation.Request),
                RequestOpKind.DeleteRange => DeleteRange(operation.Request),
                RequestOpKind.Txn => TxnLevel(operation.Request, operationsMax),
                _ => KvError.KeyNotFound,
            };
            if (error != KvError.None)
                return error;
        }

        return KvError.None;
    }

    private static bool AreRanges(MessageList operations)
    {
        foreach (ReadOnlySpan<byte> message in operations)
        {
            RequestOpView.TryRead(message, out RequestOpView operation);
            if (operation.Kind != RequestOpKind.Range)
                return false;
        }

        return true;
    }

    private static bool AreSerializable(MessageList operations)
    {
        foreach (ReadOnlySpan<byte> message in operations)
        {
            RequestOpView.TryRead(message, out RequestOpView operation);
            RangeRequestView.TryRead(operation.Request, out RangeRequestView range);
            if (!range.IsSerializable)
                return false;
        }

        return true;
    }
}
