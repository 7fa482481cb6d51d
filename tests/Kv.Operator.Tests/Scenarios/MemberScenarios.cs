using System.Diagnostics;
using System.Globalization;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Testing;
using static System.StringComparison;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>What befalls the members of a cluster of three, and its operator, while clients write and read.</summary>
[Collection(ScenarioCollection.Name)]
[TestCaseOrderer(typeof(ByLine))]
public sealed class MemberScenarios(ScenarioSite site, ITestOutputHelper output)
{
    private const string ProcessesOutOfReach = "The processes and volumes of this Kubernetes are out of reach.";

    private static readonly TimeSpan ServesAgainWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan WritesWithin = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan RollPauseMax = TimeSpan.FromSeconds(2);

    [Theory]
    [Seeds(1)]
    public async Task An_operator_killed_half_way_through_scaling_out_goes_on_where_it_was(int seed)
    {
        ScenarioCluster cluster = await ScenarioCluster.CreateAsync(site, "trio", spec => spec.Replicas = 1);
        await cluster.UntilReadyAsync();
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);

        await cluster.ScaleAsync(3);
        await cluster.UntilAsync("have a learner", found => Lines(found).Any(line => line.Role == "Learner"));
        await RestartOperatorAsync(load);
        await cluster.UntilReadyAsync();

        output.WriteLine(await load.MustHoldAsync());
        await site.GiveTrioAsync(cluster);
    }

    [Theory]
    [Seeds(1)]
    public async Task A_killed_follower_and_a_killed_leader_serve_again_within_ten_seconds(int seed)
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, ProcessesOutOfReach);
        ScenarioCluster cluster = await site.TrioAsync();
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);

        foreach (bool isLeader in new[] { false, true })
        {
            string victim = await FindAsync(cluster, isLeader);
            int restarts = RestartsOf(cluster.PodOf(victim));
            long start = Stopwatch.GetTimestamp();
            cluster.Kill(victim);
            await cluster.UntilPodsAsync(
                $"serve with {victim} again",
                pods => pods.Any(pod => pod.Name() == victim && RestartsOf(pod) > restarts
                    && ScenarioCluster.IsServing(pod)),
                ServesAgainWithin);
            await load.MoreAsync(20, ServesAgainWithin - Stopwatch.GetElapsedTime(start));
            output.WriteLine(
                $"{(isLeader ? "leader" : "follower")}: serves again after "
                + $"{Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s, longest pause "
                + $"{load.LongestPauseSince(start).TotalMilliseconds:f0} ms");
        }

        await cluster.UntilReadyAsync();
        output.WriteLine(await load.MustHoldAsync());
    }

    /// <summary>The seed was told to form a cluster and the others to join one, and so are their processes when they
    /// are started again.</summary>
    [Theory]
    [Seeds(1)]
    public async Task A_member_whose_volume_is_emptied_never_starts_without_its_memory_and_is_replaced(int seed)
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, ProcessesOutOfReach);
        ScenarioCluster cluster = await site.TrioAsync();
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);
        V1KvCluster found = await cluster.GetAsync();
        KvMemberStatus[] first = [.. Lines(found).OrderByDescending(line => line.Seed == true).Take(2)];

        foreach (KvMemberStatus victim in first)
        {
            ulong id = ulong.Parse(victim.Id!, NumberStyles.HexNumber, CultureInfo.InvariantCulture);
            long start = Stopwatch.GetTimestamp();
            await cluster.EmptyAsync(victim.Name);
            long emptied = Stopwatch.GetTimestamp();
            await UntilReplacedAsync(cluster, victim.Name);
            Assert.False(cluster.Guard.HasAnsweredSince(id, emptied), $"{victim.Name} has started without its data.");
            output.WriteLine($"{victim.Name}: replaced after {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s");
        }

        output.WriteLine(await load.MustHoldAsync());
    }

    [Theory]
    [Seeds(1)]
    public async Task A_member_whose_volume_is_deleted_is_replaced_by_a_voter_that_has_caught_up(int seed)
    {
        ScenarioCluster cluster = await site.TrioAsync();
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);
        long start = Stopwatch.GetTimestamp();

        string victim = await FindAsync(cluster, isLeader: false);
        await DeleteVolumeAsync(victim);
        await UntilReplacedAsync(cluster, victim);
        output.WriteLine($"{victim}: replaced after {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s");

        output.WriteLine(await load.MustHoldAsync());
    }

    [Theory]
    [Seeds(1)]
    public async Task An_operator_killed_half_way_through_a_replacement_goes_on_where_it_was(int seed)
    {
        ScenarioCluster cluster = await site.TrioAsync();
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);

        string victim = await FindAsync(cluster, isLeader: true);
        await DeleteVolumeAsync(victim);
        await cluster.UntilAsync(
            $"replace {victim}",
            found => Lines(found).Any(line => line.Name == victim && line.Phase == "Replacing"));
        await RestartOperatorAsync(load);
        await UntilReplacedAsync(cluster, victim);

        output.WriteLine(await load.MustHoldAsync());
    }

    [Theory]
    [Seeds(1)]
    public async Task A_roll_under_five_hundred_puts_a_second_loses_none_and_pauses_writes_for_less_than_two_seconds(
        int seed)
    {
        ScenarioCluster cluster = await site.TrioAsync();
        HashSet<string> before = [.. cluster.Pods.Select(pod => pod.Uid())];
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed, putsPerSecond: 500);
        long start = Stopwatch.GetTimestamp();

        await cluster.ChangeAsync(Label("first"));
        await cluster.UntilReadyAsync();
        TimeSpan pause = load.LongestPauseSince(start);
        output.WriteLine(
            $"{load.RateSince(start):f0} writes a second for {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s, "
            + $"longest pause {pause.TotalMilliseconds:f0} ms");

        Assert.DoesNotContain(cluster.Pods, pod => before.Contains(pod.Uid()));
        output.WriteLine(await load.MustHoldAsync());
        Assert.True(pause < RollPauseMax, $"Writes paused for {pause}.");
    }

    [Theory]
    [Seeds(1)]
    public async Task An_operator_killed_half_way_through_a_roll_goes_on_where_it_was(int seed)
    {
        ScenarioCluster cluster = await site.TrioAsync();
        HashSet<string> before = [.. cluster.Pods.Select(pod => pod.Uid())];
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);

        await cluster.ChangeAsync(Label("second"));
        await cluster.UntilPodsAsync("have a new one", pods => pods.Any(pod => !before.Contains(pod.Uid())));
        await RestartOperatorAsync(load);
        await cluster.UntilReadyAsync();

        Assert.DoesNotContain(cluster.Pods, pod => before.Contains(pod.Uid()));
        output.WriteLine(await load.MustHoldAsync());
    }

    [Theory]
    [Seeds(1)]
    public async Task An_image_that_is_not_there_stops_the_roll_which_says_so_and_heals_when_it_is_taken_back(int seed)
    {
        ScenarioCluster cluster = await site.TrioAsync();
        HashSet<string> before = [.. cluster.Pods.Select(pod => pod.Uid())];
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);

        await cluster.ChangeAsync("""{"image":"kv-node-that-is-not-there:3.7.2"}""");
        V1KvCluster stalled = await cluster.UntilAsync(
            "say that the roll has stalled",
            found => ConditionOf(found, "Degraded") is { Status: "True", Reason: "RolloutStalled" });
        Assert.True(ScenarioCluster.IsTrue(stalled, "Available"));
        Assert.Contains("kv-node-that-is-not-there:3.7.2", ConditionOf(stalled, "Degraded")!.Message!, Ordinal);
        Assert.Equal(2, cluster.Serving().Count);
        Assert.Equal(2, cluster.Pods.Count(pod => before.Contains(pod.Uid())));
        await load.MoreAsync(50, WritesWithin);

        await cluster.ChangeAsync("""{"image":null}""");
        await cluster.UntilReadyAsync();

        Assert.Equal(2, cluster.Pods.Count(pod => before.Contains(pod.Uid())));
        output.WriteLine(await load.MustHoldAsync());
    }

    [Fact]
    public async Task A_cluster_that_is_stuck_does_not_hold_up_another()
    {
        site.Operator.Start();
        await using ScenarioCluster stuck = await ScenarioCluster.CreateAsync(site, "stuck", spec =>
        {
            spec.Replicas = 1;
            spec.Image = "kv-node-that-is-not-there:3.7.2";
        });
        await stuck.UntilAsync(
            "say what it lacks",
            found => ConditionOf(found, "Degraded") is { Status: "True", Reason: "PodImageMissing" });
        await using ScenarioCluster other = await ScenarioCluster.CreateAsync(site, "other", spec => spec.Replicas = 1);
        await other.UntilReadyAsync();

        Assert.False(ScenarioCluster.IsTrue(await stuck.GetAsync(), "Available"));
        await stuck.ChangeAsync("""{"image":null}""");
        await stuck.UntilReadyAsync();
    }

    private static IList<KvMemberStatus> Lines(V1KvCluster cluster) => cluster.Status.Members ?? [];

    private static V1Condition? ConditionOf(V1KvCluster cluster, string type) =>
        cluster.Status.Conditions?.FirstOrDefault(each => each.Type == type);

    private static string Label(string value) =>
        """{"podMetadata":{"labels":{"scenario":"VALUE"}}}""".Replace("VALUE", value, Ordinal);

    private static int RestartsOf(V1Pod pod) => pod.Status.ContainerStatuses?[0].RestartCount ?? 0;

    private static async Task<string> FindAsync(ScenarioCluster cluster, bool isLeader)
    {
        V1KvCluster found = await cluster.UntilAsync(
            "have a leader", found => Lines(found).Any(line => line.Role == "Leader"));
        return Lines(found).Last(line => line.Role == "Leader" == isLeader).Name;
    }

    private static async Task UntilReplacedAsync(ScenarioCluster cluster, string victim)
    {
        await cluster.UntilAsync(
            $"have replaced {victim}",
            found => ScenarioCluster.IsReady(found) && Lines(found).All(line => line.Name != victim));
        await cluster.UntilReadyAsync();
    }

    /// <summary>The volume with all that is on it; it goes when no pod has it any more.</summary>
    private async Task DeleteVolumeAsync(string member)
    {
        await site.Client.DeleteAsync<V1PersistentVolumeClaim>($"data-{member}", site.Space);
        await site.Client.DeleteAsync<V1Pod>(member, site.Space);
    }

    /// <summary>The operator dies, is not missed, and comes back.</summary>
    private async Task RestartOperatorAsync(ScenarioLoad load)
    {
        await site.Operator.KillAsync();
        await load.MoreAsync(50, WritesWithin);
        site.Operator.Start();
    }
}
