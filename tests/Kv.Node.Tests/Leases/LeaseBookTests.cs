using System.Text;
using System.Text.Json;
using Kv.Storage;
using Kv.Store;
using Kv.Store.Leases;
using Kv.Testing;

namespace Kv.Node.Tests.Leases;

public sealed class LeaseBookTests : IDisposable
{
    private const long TtlMin = 2;

    private readonly BackendOnDisk _disk = new();
    private LeaseBook _book;

    public LeaseBookTests() => _book = new LeaseBook(_disk.Backend, TtlMin);

    public void Dispose() => _disk.Dispose();

    [Fact]
    public void A_short_lease_is_raised_to_the_shortest_there_is()
    {
        foreach (long ttl in (long[])[long.MinValue, -5, 0, 1, 2])
        {
            Assert.Equal(KvError.None, _book.Grant(10 + (ttl % 10), ttl, out long granted));
            Assert.Equal(TtlMin, granted);
        }

        Assert.Equal(KvError.None, _book.Grant(100, 3, out long own));
        Assert.Equal(3, own);
    }

    [Fact]
    public void Only_what_may_be_granted_is()
    {
        Assert.Equal(KvError.None, _book.Grant(1, LeaseBook.TtlMax, out _));
        Assert.Equal(KvError.LeaseTtlTooLarge, _book.Grant(2, LeaseBook.TtlMax + 1, out _));
        Assert.Equal(KvError.LeaseExists, _book.Grant(1, 10, out _));
        Assert.Equal(KvError.LeaseNotFound, _book.Grant(0, 10, out _));
        Assert.Equal(KvError.None, _book.Grant(-3, 10, out _));
        Assert.Equal(KvError.LeaseNotFound, _book.Remove(2));
        Assert.Equal(2, _book.Count);
    }

    [Fact]
    public void A_key_hangs_on_one_lease_at_most()
    {
        _book.Grant(1, 10, out _);
        _book.Grant(2, 10, out _);
        _book.Attach(1, "b"u8);
        _book.Attach(1, "a"u8);
        _book.Attach(1, "c"u8);
        _book.Attach(1, "a"u8);
        Assert.Equal("a b c", KeysOf(1));

        _book.Attach(2, "b"u8);
        _book.Detach("c"u8);
        _book.Detach("unknown"u8);
        Assert.Equal("a", KeysOf(1));
        Assert.Equal("b", KeysOf(2));

        _book.Detach("b"u8);
        Assert.Equal("", KeysOf(2));
        Assert.False(_book.TryGetKeys(3, out _));
    }

    [Fact]
    public void A_lease_with_keys_is_not_removed()
    {
        _book.Grant(1, 10, out _);
        _book.Attach(1, "a"u8);
        Assert.ThrowsAny<Exception>(() => _book.Remove(1));
    }

    [Fact]
    public void Leases_are_there_again_after_a_restart_and_their_keys_come_with_the_keys()
    {
        _book.Grant(1, 10, out _);
        _book.Grant(-7, 20, out _);
        _book.Grant(3, 30, out _);
        _book.Grant(4, 40, out _);
        _book.Attach(1, "a"u8);
        Assert.Equal(KvError.None, _book.Remove(3));
        Assert.Equal(KvError.None, _book.Checkpoint(4, 15, isKept: true));
        Assert.Equal(KvError.None, _book.Checkpoint(-7, 15, isKept: false));
        Assert.Equal(KvError.LeaseNotFound, _book.Checkpoint(3, 15, isKept: true));

        _disk.Reopen();
        _book = new LeaseBook(_disk.Backend, TtlMin);
        Assert.Equal(
            [(-7, 20, 0), (1, 10, 0), (4, 40, 15)],
            _book.Leases.Select(lease => (lease.Id, lease.Ttl, lease.RemainingTtl)).Order());
        Assert.Equal("", KeysOf(1));
    }

    [Fact]
    public void A_lease_is_stored_as_etcd_stores_it()
    {
        _book.Grant(0x1234, 100, out _);
        _book.Checkpoint(0x1234, 40, isKept: true);
        Assert.True(_disk.Backend.TryGet(StoreBucket.Lease, [0, 0, 0, 0, 0, 0, 0x12, 0x34], out byte[] value));
        Assert.Equal([0x08, 0xb4, 0x24, 0x10, 100, 0x18, 40], value);
    }

    [Fact]
    public void What_is_no_lease_is_told_and_not_passed_over()
    {
        _disk.Backend.Put(StoreBucket.Lease, [0, 0, 0, 0, 0, 0, 0, 1], [0xff]);
        Assert.Throws<CorruptDataException>(() => new LeaseBook(_disk.Backend, TtlMin));
        _disk.Backend.Put(StoreBucket.Lease, [0, 0, 0, 0, 0, 0, 0, 1], [0x08, 2, 0x10, 100]);
        Assert.Throws<CorruptDataException>(() => new LeaseBook(_disk.Backend, TtlMin));
    }

    [Theory]
    [InlineData("3.4.23")]
    [InlineData("3.5.30")]
    [InlineData("3.6.13")]
    [InlineData("3.7.1")]
    public void Reads_the_leases_that_etcd_stored(string version)
    {
        using var disk = BackendOnDisk.OfFixture($"{version}-clean");
        using JsonDocument expected = Fixture.Json($"{version}-expected");
        IEnumerable<(long, long)> leases = expected.RootElement
            .GetProperty("variants").GetProperty("clean").GetProperty("after_restart").GetProperty("leases")
            .EnumerateArray()
            .Select(lease => (lease.GetProperty("id").GetInt64(), lease.GetProperty("granted_ttl").GetInt64()));

        var book = new LeaseBook(disk.Backend, TtlMin);
        Assert.Equal(leases.Order(), book.Leases.Select(lease => (lease.Id, lease.Ttl)).Order());
    }

    private string KeysOf(long id)
    {
        Assert.True(_book.TryGetKeys(id, out byte[][]? keys));
        return string.Join(' ', keys.Select(Encoding.UTF8.GetString));
    }
}
