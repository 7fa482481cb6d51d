using Etcdserverpb;
using Google.Protobuf;
using Kv.Store;

namespace Kv.Node.Tests.Store;

public sealed class RequestChecksTests
{
    private const int OperationsMax = 5;

    public static TheoryData<string, IMessage, KvError> Requests => new()
    {
        { "a put", Some.Put("a"), KvError.None },
        { "a put of no key", Some.Put(""), KvError.EmptyKey },
        { "a value that is to be kept", new PutRequest { Key = "a".Bytes(), IgnoreValue = true }, KvError.None },
        { "a value, and it is to be kept",
            new PutRequest { Key = "a".Bytes(), Value = "v".Bytes(), IgnoreValue = true }, KvError.ValueProvided },
        { "a lease, and it is to be kept", new PutRequest { Key = "a".Bytes(), Lease = 1, IgnoreLease = true },
            KvError.LeaseProvided },
        { "a range", Some.Range("a"), KvError.None },
        { "a range from nowhere", Some.Range(""), KvError.EmptyKey },
        { "a range from nowhere to somewhere", Some.Range("", "b"), KvError.EmptyKey },
        { "an unknown order", new RangeRequest { Key = "a".Bytes(), SortOrder = (RangeRequest.Types.SortOrder)3 },
            KvError.InvalidSortOption },
        { "an unknown target", new RangeRequest { Key = "a".Bytes(), SortTarget = (RangeRequest.Types.SortTarget)5 },
            KvError.InvalidSortOption },
        { "a negative target", new RangeRequest { Key = "a".Bytes(), SortTarget = (RangeRequest.Types.SortTarget)(-1) },
            KvError.InvalidSortOption },
        { "a deletion", Some.Delete("a"), KvError.None },
        { "a deletion of no key", Some.Delete(""), KvError.EmptyKey },

        { "an empty transaction", new TxnRequest(), KvError.None },
        { "as many operations as may be", Some.Txn(Some.Puts(OperationsMax)), KvError.None },
        { "one operation too many", Some.Txn(Some.Puts(OperationsMax + 1)), KvError.TooManyOps },
        { "a nested one uses what is left",
            Some.Txn([Some.Op(Some.Txn(Some.Puts(OperationsMax - 1)))]), KvError.None },
        { "a nested one has no more than is left",
            Some.Txn([Some.Op(Some.Txn(Some.Puts(OperationsMax)))]), KvError.TooManyOps },
        { "too many comparisons",
            new TxnRequest { Compare = { Enumerable.Repeat(new Compare { Key = "a".Bytes() }, OperationsMax + 1) } },
            KvError.TooManyOps },
        { "a comparison of no key", new TxnRequest { Compare = { new Compare() } }, KvError.EmptyKey },
        { "an operation that is none", Some.Txn([new RequestOp()]), KvError.KeyNotFound },
        { "a bad operation in the branch not likely taken",
            new TxnRequest { Failure = { Some.Op(Some.Range("")) } }, KvError.EmptyKey },
        { "a bad operation deep down",
            Some.Txn([Some.Op(Some.Txn([Some.Op(Some.Put(""))]))]), KvError.EmptyKey },

        { "two puts of one key", Some.Txn(["+a", "+a"]), KvError.DuplicateKey },
        { "two puts of two keys", Some.Txn(["+a", "+b"]), KvError.None },
        { "a put per branch", new TxnRequest
            { Success = { Some.Ops(["+a"]) }, Failure = { Some.Ops(["+a"]) } }, KvError.None },
        { "two puts in the other branch", new TxnRequest { Failure = { Some.Ops(["+a", "+a"]) } },
            KvError.DuplicateKey },
        { "put and delete", Some.Txn(["+a", "-a"]), KvError.DuplicateKey },
        { "put in a deleted range", Some.Txn(["-a b", "+aa"]), KvError.DuplicateKey },
        { "put at the end of a deleted range", Some.Txn(["-a b", "+b"]), KvError.None },
        { "two deletions", Some.Txn(["-a c", "-b d"]), KvError.None },
        { "a deletion without end is not seen", Some.Txn(["-a \0", "+b"]), KvError.None },
        { "a deletion of nothing is none", Some.Txn(["-c a", "+b"]), KvError.None },
        { "nested puts repeat", Some.Txn(["+a", "(+a|)"]), KvError.DuplicateKey },
        { "siblings repeat", Some.Txn(["(+a|)", "(+a|)"]), KvError.DuplicateKey },
        { "siblings repeat across branches", Some.Txn(["(+a|)", "(|+a)"]), KvError.DuplicateKey },
        { "branches exclude each other", Some.Txn(["(+a|+a)"]), KvError.None },
        { "one branch puts what the other deletes", Some.Txn(["(+a|-a b)"]), KvError.None },
        { "a nested put, deleted above", Some.Txn(["(+a|)", "-a"]), KvError.DuplicateKey },
        { "a put above, deleted in a nested one", Some.Txn(["+a", "(|-a)"]), KvError.DuplicateKey },
        { "a nested put before a sibling's deletion", Some.Txn(["(+a|)", "(-a|)"]), KvError.None },
        { "a nested deletion before a sibling's put", Some.Txn(["(-a|)", "(+a|)"]), KvError.DuplicateKey },
    };

    [Theory]
    [MemberData(nameof(Requests))]
    public void Are_accepted_or_refused(string rule, IMessage request, KvError expected)
    {
        byte[] bytes = request.ToByteArray();
        KvError actual = request switch
        {
            PutRequest => RequestChecks.Put(bytes),
            RangeRequest => RequestChecks.Range(bytes),
            DeleteRangeRequest => RequestChecks.DeleteRange(bytes),
            _ => RequestChecks.Txn(bytes, OperationsMax),
        };
        Assert.True(expected == actual, $"{rule}: expected {expected}, got {actual}");
    }

    [Fact]
    public void A_stream_has_neither_order_nor_filter()
    {
        var plain = new RangeRequest { Key = "a".Bytes(), Limit = 3 };
        Assert.Equal(KvError.None, RequestChecks.RangeStream(plain.ToByteArray()));

        var sorted = new RangeRequest { Key = "a".Bytes(), SortOrder = RangeRequest.Types.SortOrder.Ascend };
        Assert.Equal(KvError.RangeStreamSortOrder, RequestChecks.RangeStream(sorted.ToByteArray()));

        var filtered = new RangeRequest { Key = "a".Bytes(), MinModRevision = 1 };
        Assert.Equal(KvError.RangeStreamFilters, RequestChecks.RangeStream(filtered.ToByteArray()));
    }

    [Fact]
    public void A_transaction_that_only_reads_asks_the_cluster_unless_each_of_its_ranges_says_otherwise()
    {
        RequestOp read = Some.Op(Some.Range("a"));
        RequestOp serializable = Some.Op(new RangeRequest { Key = "a".Bytes(), Serializable = true });
        RequestOp put = Some.Op(Some.Put("a"));
        RequestOp nested = Some.Op(Some.Txn([serializable]));
        Assert.Equal((true, true), Kinds(new TxnRequest()));
        Assert.Equal((true, true), Kinds(Txn([serializable, serializable], [serializable])));
        Assert.Equal((true, false), Kinds(Txn([serializable, read], [])));
        Assert.Equal((true, false), Kinds(Txn([], [serializable, read])));
        Assert.Equal((true, false), Kinds(Txn([read], [serializable])));
        Assert.False(RequestChecks.IsReadOnly(Txn([serializable, put], []).ToByteArray()));
        Assert.False(RequestChecks.IsReadOnly(Txn([], [serializable, put]).ToByteArray()));
        Assert.False(RequestChecks.IsReadOnly(Txn([nested], []).ToByteArray()));

        static TxnRequest Txn(RequestOp[] success, RequestOp[] failure) =>
            new() { Success = { success }, Failure = { failure } };

        static (bool IsReadOnly, bool IsSerializable) Kinds(TxnRequest txn)
        {
            byte[] bytes = txn.ToByteArray();
            return (RequestChecks.IsReadOnly(bytes), RequestChecks.IsSerializable(bytes));
        }
    }

    [Fact]
    public void Cost_is_that_of_the_dearer_branch()
    {
        Assert.Equal(256 + 3, QuotaCost.Put(new PutRequest { Key = "a".Bytes(), Value = "vv".Bytes() }.ToByteArray()));
        Assert.Equal(0, QuotaCost.Txn(Some.Txn(["-a"]).ToByteArray()));
        Assert.Equal(2 * 257, QuotaCost.Txn(Some.Txn(["+a", "-b", "(|+c)"]).ToByteArray()));
        Assert.Equal(2 * 257, QuotaCost.Txn(new TxnRequest
        {
            Success = { Some.Ops(["+a"]) },
            Failure = { Some.Ops(["+a", "+b"]) },
        }.ToByteArray()));

        Assert.True(QuotaCost.Fits(cost: 0, fileBytes: 100, quotaBytes: 10));
        Assert.True(QuotaCost.Fits(cost: 100, fileBytes: 100, quotaBytes: 0));
        Assert.True(QuotaCost.Fits(cost: 9, fileBytes: 90, quotaBytes: 100));
        Assert.False(QuotaCost.Fits(cost: 10, fileBytes: 90, quotaBytes: 100));
    }
}
