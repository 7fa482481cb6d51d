using Etcdserverpb;

namespace Kv.Node.Tests.Store;

/// <summary>What is counted for each request; the numbers are those that a real etcd 3.5.30 showed.</summary>
public sealed class StoreCountsTests : IDisposable
{
    private readonly StoreWorld _world = new();

    public StoreCountsTests()
    {
        _world.Put("b", "1");
        _before = Read();
    }

    private (long Puts, long Deletes, long Ranges, long Transactions) _before;

    public void Dispose() => _world.Dispose();

    [Fact]
    public void A_put_is_one_and_its_bytes_are_those_of_key_and_value()
    {
        long bytes = _world.Store.Counts.PutBytes;
        _world.Put("key", "value");

        Counted(puts: 1);
        Assert.Equal(8, _world.Store.Counts.PutBytes - bytes);
    }

    [Fact]
    public void A_put_that_reads_what_was_there_is_a_transaction_of_two()
    {
        PutRequest put = Some.Put("b", "2");
        put.PrevKv = true;
        _world.Apply(put);
        Counted(puts: 1, ranges: 1, transactions: 1);

        put.IgnoreLease = true; // still one look
        _world.Apply(put);
        Counted(puts: 1, ranges: 1, transactions: 1);
    }

    [Fact]
    public void A_put_that_finds_nothing_to_keep_has_only_read()
    {
        PutRequest put = Some.Put("none");
        put.IgnoreValue = true;
        _world.Apply(put);

        Counted(ranges: 1);
    }

    [Fact]
    public void A_deletion_is_one_whatever_it_finds()
    {
        _world.Apply(Some.Put("c", "1"));
        Counted(puts: 1);
        _world.Apply(Some.Delete("b", "d"));
        Counted(deletes: 1);
        _world.Apply(Some.Delete("none"));
        Counted(deletes: 1);
    }

    [Fact]
    public void A_transaction_looks_and_then_writes_and_both_may_count()
    {
        var txn = new TxnRequest
        {
            Compare = { Exists("b"), Exists("b") },
            Success =
            {
                Some.Op(Some.Put("x", "1")),
                Some.Op(Some.Put("y", "2")),
                Some.Op(Some.Range("b")),
            },
        };
        _world.Apply(txn);
        Counted(puts: 2, ranges: 3, transactions: 2);

        txn.Compare[0].Version = 9; // fails, so the second is not looked at and nothing is done
        _world.Apply(txn);
        Counted(ranges: 1);
    }

    [Fact]
    public void It_counts_the_same_where_nobody_waits_for_the_answer()
    {
        var txn = new TxnRequest
        {
            Success =
            {
                Some.Op(Some.Put("x", "1")),
                Some.Op(Some.Range("b")),
            },
        };
        _world.Apply(txn, isAwaited: false);

        Counted(puts: 1, ranges: 1, transactions: 1);
    }

    [Fact]
    public void The_keys_of_a_lease_go_one_by_one()
    {
        _world.Put("c", "1");
        Counted(puts: 1);
        _world.Store.DeleteKeys(["b"u8.ToArray(), "c"u8.ToArray()]);

        Counted(deletes: 2, transactions: 1);
    }

    private static Compare Exists(string key) => new()
    {
        Key = key.Bytes(),
        Target = Compare.Types.CompareTarget.Version,
        Result = Compare.Types.CompareResult.Equal,
        Version = 1,
    };

    /// <summary>Since it was last asked.</summary>
    private void Counted(long puts = 0, long deletes = 0, long ranges = 0, long transactions = 0)
    {
        var now = Read();
        Assert.Equal(
            (puts, deletes, ranges, transactions),
            (now.Puts - _before.Puts, now.Deletes - _before.Deletes, now.Ranges - _before.Ranges,
                now.Transactions - _before.Transactions));
        _before = now;
    }

    private (long Puts, long Deletes, long Ranges, long Transactions) Read() => (
        _world.Store.Counts.Puts,
        _world.Store.Counts.Deletes,
        _world.Store.Counts.Ranges,
        _world.Store.Counts.Transactions);
}
