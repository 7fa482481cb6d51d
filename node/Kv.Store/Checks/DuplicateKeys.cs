namespace Kv.Store;

/// <summary>Finds a key that one run through a transaction would put twice, or put and delete. The two lists of a
/// transaction are looked at apart, as only one of them runs. The rule is etcd's to the letter, holes included, since
/// clients have come to rely on what passes:
/// <list type="bullet">
/// <item>a deletion of all keys from one on is not seen (nor one of nothing);</item>
/// <item>a put inside a nested transaction counts against deletions of earlier ones, not of later ones;</item>
/// <item>both branches of a nested transaction may put the same key, or one may put what the other deletes.</item>
/// </list></summary>
internal static class DuplicateKeys
{
    public static KvError Check(ReadOnlyMemory<byte> txn)
    {
        var view = new TxnRequestView(txn.Span);
        if (!CanCollide(view.Success) && !CanCollide(view.Failure))
            return KvError.None;

        return Collect(txn, new TxnRequestView(txn.Span).Success) is null ||
            Collect(txn, new TxnRequestView(txn.Span).Failure) is null
            ? KvError.DuplicateKey
            : KvError.None;
    }

    // What most transactions are: one write, and reads.
    private static bool CanCollide(MessageList operations)
    {
        int writes = 0;
        foreach (ReadOnlySpan<byte> message in operations)
        {
            RequestOpView.TryRead(message, out RequestOpView operation);
            if (operation.Kind == RequestOpKind.Txn)
                return true;
            writes += operation.Kind is RequestOpKind.Put or RequestOpKind.DeleteRange ? 1 : 0;
        }

        return writes > 1;
    }

    // Null if there is a duplicate.
    private static Writes? Collect(ReadOnlyMemory<byte> whole, MessageList operations)
    {
        var writes = new Writes();
        foreach (ReadOnlySpan<byte> message in operations)
        {
            RequestOpView.TryRead(message, out RequestOpView operation);
            if (operation.Kind != RequestOpKind.DeleteRange)
                continue;

            DeleteRangeRequestView.TryRead(operation.Request, out DeleteRangeRequestView deletion);
            if (!deletion.Range.IsOpenEnded && !deletion.Range.IsEmpty)
                writes.Deletes.Add((PieceOf(whole, deletion.Key), PieceOf(whole, deletion.RangeEnd)));
        }

        foreach (ReadOnlySpan<byte> message in operations)
        {
            RequestOpView.TryRead(message, out RequestOpView operation);
            if (operation.Kind == RequestOpKind.Txn && !TryAddNested(writes, whole, operation.Request))
                return null;
        }

        foreach (ReadOnlySpan<byte> message in operations)
        {
            RequestOpView.TryRead(message, out RequestOpView operation);
            if (operation.Kind != RequestOpKind.Put)
                continue;

            PutRequestView.TryRead(operation.Request, out PutRequestView put);
            ReadOnlyMemory<byte> key = PieceOf(whole, put.Key);
            if (writes.IsDeleted(key.Span) || !writes.Puts.Add(key))
                return null;
        }

        return writes;
    }

    private static bool TryAddNested(Writes writes, ReadOnlyMemory<byte> whole, ReadOnlySpan<byte> nested)
    {
        var txn = new TxnRequestView(nested);
        if (Collect(whole, txn.Success) is not { } then || Collect(whole, txn.Failure) is not { } otherwise)
            return false;

        foreach (ReadOnlyMemory<byte> key in then.Puts)
        {
            if (writes.IsDeleted(key.Span) || !writes.Puts.Add(key))
                return false;
        }

        foreach (ReadOnlyMemory<byte> key in otherwise.Puts)
        {
            if (writes.IsDeleted(key.Span) || (!writes.Puts.Add(key) && !then.Puts.Contains(key)))
                return false;
        }

        writes.Deletes.AddRange(then.Deletes);
        writes.Deletes.AddRange(otherwise.Deletes);
        return true;
    }

    private static ReadOnlyMemory<byte> PieceOf(ReadOnlyMemory<byte> whole, ReadOnlySpan<byte> piece)
    {
        if (piece.IsEmpty)
            return default;

        bool isInside = whole.Span.Overlaps(piece, out int offset);
        Invariant.Require(isInside);
        return whole.Slice(offset, piece.Length);
    }

    private sealed class Writes
    {
        public HashSet<ReadOnlyMemory<byte>> Puts { get; } = new(new SameBytes());

        public List<(ReadOnlyMemory<byte> Key, ReadOnlyMemory<byte> End)> Deletes { get; } = [];

        public bool IsDeleted(ReadOnlySpan<byte> key)
        {
            foreach ((ReadOnlyMemory<byte> start, ReadOnlyMemory<byte> end) in Deletes)
            {
                if (new KeyRange(start.Span, end.Span).Contains(key))
                    return true;
            }

            return false;
        }
    }

    private sealed class SameBytes : IEqualityComparer<ReadOnlyMemory<byte>>
    {
        public bool Equals(ReadOnlyMemory<byte> left, ReadOnlyMemory<byte> right) =>
            left.Span.SequenceEqual(right.Span);

        public int GetHashCode(ReadOnlyMemory<byte> bytes)
        {
            var hash = new HashCode();
            hash.AddBytes(bytes.Span);
            return hash.ToHashCode();
        }
    }
}
