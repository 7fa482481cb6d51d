using Kv.Testing;

namespace Kv.Interop.Tests.Chaos;

/// <summary>What goes wrong between and with processes, one thing after the other while clients write and read: each
/// time writes go on soon, and the member comes back; and in the end nothing that any client saw contradicts what
/// another did.</summary>
public sealed class ChaosTests(ITestOutputHelper output)
{
    // What the way through proxies and the clients' part of it take beside two timeouts; see ChaosFault for one alone.
    private static readonly TimeSpan MedianMargin = TimeSpan.FromMilliseconds(300);

    private static readonly TimeSpan FaultTime = TimeSpan.FromSeconds(2);

    [Theory]
    [Seeds(1)]
    public async Task Writes_go_on_whatever_happens_to_one_member(int seed)
    {
        await using ChaosCluster chaos = await ChaosCluster.StartAsync(
            seed, "--snapshot-count", "500", "--snapshot-catchup-entries", "100");
        var random = new Random(seed);
        ChaosFault[] faults = [.. ChaosFault.All];
        random.Shuffle(faults);
        List<TimeSpan> elections = [];
        foreach (ChaosFault fault in faults)
        {
            string leader = await chaos.Members.LeaderAsync();
            string victim = fault.OfLeader ? leader : ChaosCluster.Others(leader).ElementAt(random.Next(2));
            TimeSpan outage = await SufferAsync(chaos, fault, victim);
            if (fault.CostsAnElection)
                elections.Add(outage);
        }

        elections.Sort();
        TimeSpan median = elections[elections.Count / 2];
        int operations = await chaos.MustBeLinearizableAsync();
        output.WriteLine($"{operations} operations; median of elections {median.TotalMilliseconds:f0} ms");
        Assert.True(median <= (2 * ChaosFault.Election) + MedianMargin, $"the median of elections is {median}");
        await chaos.Members.MustAgreeAsync();
    }

    private async Task<TimeSpan> SufferAsync(ChaosCluster chaos, ChaosFault fault, string victim)
    {
        await fault.Begin(chaos, victim);
        TimeSpan outage = await chaos.MeasureOutageAsync(ChaosCluster.Others(victim));
        output.WriteLine($"{fault.Name}: {outage.TotalMilliseconds:f0} ms");
        Assert.True(outage <= fault.OutageMax, $"{fault.Name}: {outage}, at most {fault.OutageMax}");

        // How long the fault lasts is part of it.
        await Task.Delay(FaultTime, TestContext.Current.CancellationToken);
        await fault.End(chaos, victim);
        await chaos.MustCatchUpAsync(victim);
        return outage;
    }
}
