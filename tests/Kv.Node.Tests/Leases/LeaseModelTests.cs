using Kv.Store;
using Kv.Store.Leases;
using Kv.Testing;

namespace Kv.Node.Tests.Leases;

public sealed class LeaseModelTests
{
    private const int IdsMax = 30;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(7);

    /// <summary>Against a list that is looked through each time. A lease is handed out as soon as a pass after its end
    /// has room for it, never before, and again only when its revoking is overdue.</summary>
    [Theory]
    [Seeds(20)]
    public void Leases_end_when_a_naive_list_says_so(int seed)
    {
        using var disk = new BackendOnDisk();
        var random = new Random(seed);
        var time = new ManualTime();
        var book = new LeaseBook(disk.Backend, ttlMin: 2);
        var clock = new LeaseClock(book, time, new LeaseClockOptions { RevokeRetry = Retry });
        var model = new Dictionary<long, Modelled>();
        clock.Promote(TimeSpan.Zero);
        for (int step = 0; step < 500; step++)
        {
            long id = random.Next(1, IdsMax);
            switch (random.Next(5))
            {
                case 0:
                    long wanted = random.Next(20);
                    KvError error = book.Grant(id, wanted, out long ttl);
                    Assert.Equal(model.ContainsKey(id) ? KvError.LeaseExists : KvError.None, error);
                    model.TryAdd(id, new Modelled(ttl, time.Elapsed + TimeSpan.FromSeconds(ttl)));
                    break;
                case 1:
                    CheckRenewal(clock.Renew(id, out _), model.GetValueOrDefault(id), time.Elapsed);
                    break;
                case 2:
                    Assert.Equal(model.Remove(id) ? KvError.None : KvError.LeaseNotFound, book.Remove(id));
                    break;
                case 3:
                    time.Advance(TimeSpan.FromSeconds(random.Next(4)));
                    break;
                default:
                    CheckPass(clock, model, time.Elapsed);
                    break;
            }
        }
    }

    /// <summary>Threads keep leases alive while time passes and another takes what has ended: whoever was told that a
    /// lease lives does not find it ended before its time.</summary>
    [Fact]
    public async Task A_lease_is_kept_alive_or_ends_but_not_both()
    {
        const long Leases = 200;
        const int Rounds = 3000;
        using var disk = new BackendOnDisk();
        var time = new ManualTime();
        var book = new LeaseBook(disk.Backend, ttlMin: 1);
        var clock = new LeaseClock(book, time, new LeaseClockOptions());
        clock.Promote(TimeSpan.Zero);
        for (long id = 1; id <= Leases; id++)
            book.Grant(id, 1, out _);

        long[] livesUntil = new long[Leases + 1];
        CancellationToken stop = TestContext.Current.CancellationToken;
        using var start = new CountdownEvent(2);
        Task[] keepers = [.. Enumerable.Range(0, 2).Select(seed => Task.Run(() => Keep(new Random(seed)), stop))];
        var expired = new List<long>();
        start.Wait(stop);
        while (!Task.WhenAll(keepers).IsCompleted)
        {
            time.Advance(TimeSpan.FromMicroseconds(100));
            clock.TakeExpired(expired);
            long now = time.Elapsed.Ticks;
            foreach (long id in expired)
                Assert.True(Volatile.Read(ref livesUntil[id]) <= now, $"Lease {id} ended while it was alive.");
            expired.Clear();
        }

        await Task.WhenAll(keepers);
        Assert.Contains(livesUntil, until => until > 0);

        void Keep(Random random)
        {
            start.Signal();
            for (int round = 0; round < Rounds; round++)
            {
                long id = random.NextInt64(1, Leases + 1);
                long before = time.Elapsed.Ticks;
                if (clock.Renew(id, out _) == LeaseRenewal.Renewed)
                    Volatile.Write(ref livesUntil[id], before + TimeSpan.TicksPerSecond);
            }
        }
    }

    [Fact]
    public void Keeping_a_lease_alive_makes_no_garbage()
    {
        using var disk = new BackendOnDisk();
        var book = new LeaseBook(disk.Backend, ttlMin: 2);
        var clock = new LeaseClock(book, new ManualTime(), new LeaseClockOptions());
        clock.Promote(TimeSpan.Zero);
        book.Grant(1, 10, out _);
        clock.Renew(1, out _);

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 1000; round++)
            clock.Renew(1, out _);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    /// <summary>Leases that were revoked long before their time leave nothing behind.</summary>
    [Fact]
    public void Revoked_leases_do_not_gather()
    {
        using var disk = new BackendOnDisk();
        var book = new LeaseBook(disk.Backend, ttlMin: 2);
        var clock = new LeaseClock(book, new ManualTime(), new LeaseClockOptions());
        clock.Promote(TimeSpan.Zero);
        var expired = new List<long>();
        for (long id = 1; id <= 20_000; id++)
        {
            book.Grant(id, 1_000_000, out _);
            book.Remove(id);
            if (id % 100 == 0)
                clock.TakeExpired(expired);
        }

        Assert.Empty(expired);
        Assert.InRange(clock.Looks, 0, 3000);
    }

    private static void CheckRenewal(LeaseRenewal renewal, Modelled? lease, TimeSpan now)
    {
        bool lives = lease is not null && lease.Ends > now;
        Assert.Equal(lives ? LeaseRenewal.Renewed : LeaseRenewal.NotFound, renewal);
        if (lives)
            lease!.Ends = now + TimeSpan.FromSeconds(lease.Ttl);
    }

    private static void CheckPass(LeaseClock clock, Dictionary<long, Modelled> model, TimeSpan now)
    {
        var expired = new List<long>();
        clock.TakeExpired(expired);
        List<long> expected = [.. model.Where(one => IsDue(one.Value)).Select(one => one.Key)];
        Assert.Equal(expected.Order(), expired.Order());
        foreach (long id in expired)
            model[id].HandedOut = now;

        bool IsDue(Modelled lease) =>
            lease.HandedOut is { } handedOut ? now >= handedOut + Retry : lease.Ends <= now;
    }

    private sealed class Modelled(long ttl, TimeSpan ends)
    {
        public long Ttl { get; } = ttl;

        public TimeSpan Ends { get; set; } = ends;

        public TimeSpan? HandedOut { get; set; }
    }
}
