using Kv.Kubernetes.Client;
using Kv.Kubernetes.LeaderElection;
using Kv.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Operator.Tests.Kubernetes;

public sealed class LeaderElectionTests : IAsyncLifetime
{
    private static readonly TimeSpan Deadline = ElectionBench.Deadline;

    private ElectionBench _bench = null!;

    private ManualTime Time => _bench.Time;

    private LeaseServer Leases => _bench.Leases;

    public async ValueTask InitializeAsync() => _bench = await ElectionBench.StartAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task The_first_leads_and_keeps_saying_so()
    {
        var elector = Elector("a");
        await elector.AcquireAsync(_bench.Stop).WaitAsync(Deadline);
        var acquired = Leases.Spec!;
        var holding = elector.HoldAsync(_bench.Stop);
        await TurnAsync(2);
        await TurnAsync(3);

        Assert.True(elector.IsLeader);
        Assert.Equal(("a", 15), ((string?)acquired["holderIdentity"], (int?)acquired["leaseDurationSeconds"]));
        Assert.Matches(@"\.\d{6}Z$", (string?)acquired["acquireTime"]);
        var renewed = Leases.Spec!;
        Assert.Equal((string?)acquired["acquireTime"], (string?)renewed["acquireTime"]);
        Assert.NotEqual((string?)acquired["renewTime"], (string?)renewed["renewTime"]);
        Assert.Equal(0, (int?)renewed["leaseTransitions"]);
        string text = _bench.Metrics.Exporter.Write();
        Assert.Contains("leader_election_master_status{name=\"kv\"} 1\n", text, StringComparison.Ordinal);
        Assert.False(holding.IsCompleted);
    }

    [Fact]
    public async Task Another_takes_over_when_it_has_seen_no_sign_for_as_long_as_the_lease_is_good_by_its_own_clock()
    {
        await Elector("a").AcquireAsync(_bench.Stop).WaitAsync(Deadline);
        var b = Elector("b", new ManualTimeAhead(Time)); // its wall clock is a day ahead

        var acquiring = b.AcquireAsync(_bench.Stop);
        for (int turn = 0; turn < 5; turn++)
        {
            await WaitForPauseAsync();
            Time.Advance(TimeSpan.FromSeconds(2.5));
        }

        await WaitForPauseAsync(); // 12.5 s have passed, and the last turn was in vain
        Time.Advance(TimeSpan.FromSeconds(2.5));
        await Task.WhenAny(acquiring, WaitForPauseAsync());
        Time.Advance(TimeSpan.FromSeconds(2.5));
        await acquiring.WaitAsync(Deadline);

        Assert.Equal(("b", 1), ((string?)Leases.Spec!["holderIdentity"], (int?)Leases.Spec!["leaseTransitions"]));
    }

    [Fact]
    public async Task A_leader_whose_lease_was_taken_knows_at_its_next_turn()
    {
        var a = Elector("a");
        await a.AcquireAsync(_bench.Stop).WaitAsync(Deadline);
        var holding = a.HoldAsync(_bench.Stop);
        await WaitForPauseAsync();
        Leases.Seize("b");

        Time.Advance(TimeSpan.FromSeconds(2.5));

        var lost = await Assert.ThrowsAsync<LeadershipLostException>(() => holding.WaitAsync(Deadline));
        Assert.Contains("n/kv", lost.Message, StringComparison.Ordinal);
        Assert.False(a.IsLeader);
    }

    [Fact]
    public async Task A_leader_that_cannot_renew_gives_up_before_the_others_may_take_over()
    {
        var a = Elector("a");
        await a.AcquireAsync(_bench.Stop).WaitAsync(Deadline);
        var holding = a.HoldAsync(_bench.Stop);
        long start = Time.GetTimestamp();
        Leases.IsDown = true;

        for (int turn = 0; turn < 60 && !holding.IsCompleted; turn++)
            await PassAsync(holding, TimeSpan.FromSeconds(0.5));

        await Assert.ThrowsAsync<LeadershipLostException>(() => holding.WaitAsync(Deadline));
        Assert.InRange(Time.GetElapsedTime(start), TimeSpan.FromSeconds(9), TimeSpan.FromSeconds(14.9));
    }

    [Fact]
    public async Task An_election_hangs_only_once_it_has_begun()
    {
        var a = Elector("a");
        Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(TimeSpan.Zero, a.SinceTurn);

        await a.AcquireAsync(_bench.Stop).WaitAsync(Deadline);
        Time.Advance(TimeSpan.FromMinutes(1));

        Assert.Equal(TimeSpan.FromMinutes(1), a.SinceTurn);
    }

    [Fact]
    public async Task A_released_lease_is_taken_at_once()
    {
        var a = Elector("a");
        await a.AcquireAsync(_bench.Stop).WaitAsync(Deadline);
        await a.ReleaseAsync(default);
        Assert.Equal(("", 1), ((string?)Leases.Spec!["holderIdentity"], (int?)Leases.Spec!["leaseDurationSeconds"]));
        Assert.False(a.IsLeader);

        await Elector("b").AcquireAsync(_bench.Stop).WaitAsync(Deadline);

        var taken = Leases.Spec!;
        Assert.Equal(("b", 15), ((string?)taken["holderIdentity"], (int?)taken["leaseDurationSeconds"]));
    }

    [Fact]
    public async Task Of_many_who_try_at_once_one_leads()
    {
        var acquiring = Enumerable.Range(0, 8).Select(each => Elector($"e{each}").AcquireAsync(_bench.Stop)).ToList();

        await Task.WhenAny(acquiring).WaitAsync(Deadline);
        await Soon.IsTrueAsync(() => // all have had their turn
            _bench.Server.Requests.Count(each => each.Route.StartsWith("GET", StringComparison.Ordinal)) >= 8);

        Assert.Equal(1, acquiring.Count(each => each.IsCompleted));
        Assert.Equal((1, 0), (Leases.Writes, (int?)Leases.Spec?["leaseTransitions"]));
    }

    private LeaderElector Elector(string identity, TimeProvider? time = null) => new(
        _bench.Client,
        new LeaderElectionConfig { LeaseNamespace = "n", LeaseName = "kv", Identity = identity },
        _bench.Metrics,
        NullLogger.Instance,
        time ?? Time,
        new Jitter(new Random(1)));

    /// <summary>Lets time pass until the lease has been written so often.</summary>
    private async Task TurnAsync(int writes)
    {
        await WaitForPauseAsync();
        Time.Advance(TimeSpan.FromSeconds(2.5));
        await Soon.IsTrueAsync(() => Leases.Writes >= writes);
    }

    private Task WaitForPauseAsync() =>
        Time.WaitForTimerAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2.5));

    /// <summary>Lets time pass once what is to come waits for it, or has come.</summary>
    private async Task PassAsync(Task ending, TimeSpan time)
    {
        await Task.WhenAny(
            ending, Time.WaitForTimerAsync(TimeSpan.Zero, TimeSpan.FromSeconds(6))).WaitAsync(Deadline);
        Time.Advance(time);
    }

    /// <summary>The same clock, by somebody who has the date wrong.</summary>
    private sealed class ManualTimeAhead(ManualTime time) : TimeProvider
    {
        public override long TimestampFrequency => time.TimestampFrequency;

        public override long GetTimestamp() => time.GetTimestamp();

        public override DateTimeOffset GetUtcNow() => time.GetUtcNow().AddDays(1);

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            time.CreateTimer(callback, state, dueTime, period);
    }
}
