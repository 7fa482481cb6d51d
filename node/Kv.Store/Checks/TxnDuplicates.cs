using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Store;

/// <summary>Finds keys that one evaluation of a transaction would write twice: put twice, or put and deleted. The two
/// branches of a nested transaction never both run, so they may write the same keys; but each may clash with what
/// stands around it. The rules, with their gaps (a deletion without an end is not seen), are etcd's
/// <c>checkIntervals</c>: what it takes, we must take.</summary>
internal static class TxnDuplicates
{
    /// <summary>False if the list writes a key twice; else <paramref name="written"/> is all that it may
    /// write.</summary>
    public static bool Check(IReadOnlyList<RequestOp> operations, out Written written)
    {
        written = new Written();
        foreach (RequestOp operation in operations)
        {
            if (operation.RequestCase == RequestOp.RequestOneofCase.RequestDeleteRange)
                written.AddDeletion(operation.RequestDeleteRange);
        }

        foreach (RequestOp operation in operations)
        {
            if (operation.RequestCase != RequestOp.RequestOneofCase.RequestTxn)
                continue;
            bool isClean = Check(operation.RequestTxn.Success, out Written then)
                & Check(operation.RequestTxn.Failure, out Written otherwise);
            if (!isClean || !written.TryTakeIn(then, otherwise))
                return false;
        }

        foreach (RequestOp operation in operations)
        {
            bool isPut = operation.RequestCase == RequestOp.RequestOneofCase.RequestPut;
            if (isPut && !written.TryAddPut(operation.RequestPut.Key))
                return false;
        }

        return true;
    }

    /// <summary>The keys that a list of operations puts, and the ranges it deletes.</summary>
    internal sealed class Written
    {
        private readonly HashSet<ByteString> _puts = [];
        private readonly List<(ByteString Start, ByteString? End)> _deletions = [];

        public void AddDeletion(DeleteRangeRequest deletion)
        {
            if (deletion.RangeEnd.IsEmpty)
                _deletions.Add((deletion.Key, null));
            else if (deletion.Key.Span.SequenceCompareTo(deletion.RangeEnd.Span) < 0)
                _deletions.Add((deletion.Key, deletion.RangeEnd));
        }

        public bool TryAddPut(ByteString key) => !IsDeleted(key) && _puts.Add(key);

        /// <summary>Adds what a nested transaction may write; false if any of its puts clashes with what is here
        /// already. Its deletions may fall on puts of an earlier one.</summary>
        public bool TryTakeIn(Written then, Written otherwise)
        {
            foreach (ByteString key in then._puts.Union(otherwise._puts))
            {
                if (!TryAddPut(key))
                    return false;
            }

            _deletions.AddRange(then._deletions);
            _deletions.AddRange(otherwise._deletions);
            return true;
        }

        private bool IsDeleted(ByteString key)
        {
            foreach ((ByteString start, ByteString? end) in _deletions)
            {
                bool isInside = end is null
                    ? key == start
                    : start.Span.SequenceCompareTo(key.Span) <= 0 && key.Span.SequenceCompareTo(end.Span) < 0;
                if (isInside)
                    return true;
            }

            return false;
        }
    }
}
