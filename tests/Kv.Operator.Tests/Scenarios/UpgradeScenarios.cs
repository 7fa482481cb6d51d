using System.Diagnostics;
using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;
using Kv.Testing;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>Members are taken from one version to another while clients write and read.</summary>
[Collection(ScenarioCollection.Name)]
[TestCaseOrderer(typeof(ByLine))]
public sealed class UpgradeScenarios(ScenarioSite site, ITestOutputHelper output)
{
    private const string NoOtherBuilds = "This Kubernetes has no other images of the node.";

    private static readonly TimeSpan RollPauseMax = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan WritesWithin = TimeSpan.FromSeconds(10);

    [Theory]
    [Seeds(1)]
    public async Task An_upgrade_under_five_hundred_puts_a_second_loses_none_and_pauses_for_less_than_two_seconds(
        int seed)
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, NoOtherBuilds);
        ScenarioCluster cluster = await site.TrioAsync();
        string before = (await cluster.GetAsync()).Status.Version!;
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed, putsPerSecond: 500);
        long start = Stopwatch.GetTimestamp();

        string claim = await site.NewClaimAsync("backups");
        string destination = $$"""{"persistentVolumeClaim":{"claimName":"{{claim}}"} }""";
        await cluster.ChangeAsync(
            $$"""{"version":"{{OtherBuilds.NextVersion}}","upgrade":{"destination":{{destination}} } }""");
        V1KvCluster halfway = await cluster.UntilAsync(
            "say that it is on its way", found => found.Status.Upgrade?.To == OtherBuilds.NextVersion);
        V1KvCluster ready = await cluster.UntilReadyAsync();
        await load.MustAgreeNowAsync();
        TimeSpan pause = load.LongestPauseSince(start);
        await MustHaveComeFirstAsync(cluster);
        output.WriteLine(
            $"{load.RateSince(start):f0} writes a second for {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s, "
            + $"longest pause {pause.TotalMilliseconds:f0} ms");

        Assert.Equal(before, halfway.Status.Upgrade!.From);
        Assert.Null(ready.Status.Upgrade);
        Assert.All(ready.Status.Members!, line => Assert.Equal(OtherBuilds.NextVersion, line.Version));
        output.WriteLine(await load.MustHoldAsync());
        Assert.True(pause < RollPauseMax, $"Writes paused for {pause}.");
    }

    [Theory]
    [Seeds(1)]
    public async Task A_version_that_crashes_stops_after_one_member_and_setting_the_old_one_back_heals(int seed)
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, NoOtherBuilds);
        ScenarioCluster cluster = await site.TrioAsync();
        string version = (await cluster.GetAsync()).Status.Version!;
        HashSet<string> before = [.. cluster.Pods.Select(pod => pod.Uid())];
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);

        await cluster.ChangeAsync(Version(OtherBuilds.BrokenVersion));
        V1KvCluster stalled = await cluster.UntilAsync(
            "say that the roll has stalled", found => IsDegraded(found, "RolloutStalled"));
        Assert.True(ScenarioCluster.IsTrue(stalled, "Available"));
        Assert.Equal(2, cluster.Serving().Count);
        Assert.Equal(2, cluster.Pods.Count(pod => before.Contains(pod.Uid())));
        await load.MoreAsync(50, WritesWithin);

        await cluster.ChangeAsync(Version(version));
        await cluster.UntilReadyAsync();

        Assert.Equal(2, cluster.Pods.Count(pod => before.Contains(pod.Uid())));
        output.WriteLine(await load.MustHoldAsync());
    }

    [Fact]
    public async Task A_version_that_is_no_step_is_refused_and_restarts_nobody()
    {
        ScenarioCluster cluster = await site.TrioAsync();
        HashSet<string> before = [.. cluster.Pods.Select(pod => pod.Uid())];

        await cluster.ChangeAsync(Version("3.9.0"));
        V1KvCluster refused = await cluster.UntilAsync(
            "refuse it", found => IsDegraded(found, "UnsupportedVersion"));
        Assert.True(ScenarioCluster.IsTrue(refused, "Available"));
        await cluster.ChangeAsync("""{"version":null}""");
        await cluster.UntilReadyAsync();

        Assert.All(cluster.Pods, pod => Assert.Contains(pod.Uid(), before));
    }

    /// <summary>The snapshot was done before any of the pods that there are now was made.</summary>
    private async Task MustHaveComeFirstAsync(ScenarioCluster cluster)
    {
        V1KvSnapshot? taken = await site.Client.GetAsync<V1KvSnapshot>(
            $"{cluster.Name}-before-{OtherBuilds.NextVersion}", site.Space);
        Assert.NotNull(taken);
        Assert.True(SnapshotReport.IsGood(taken), KubernetesJson.Serialize(taken.Status));
        Assert.All(cluster.Pods, pod => Assert.True(
            pod.CreationTimestamp() >= taken.Status.CompletedAt,
            $"{pod.Name()} is of {pod.CreationTimestamp():O}, the snapshot of {taken.Status.CompletedAt:O}."));
    }

    private static string Version(string version) => $$"""{"version":"{{version}}"}""";

    private static bool IsDegraded(V1KvCluster cluster, string reason) =>
        cluster.Status.Conditions?.Any(each => each.Type == "Degraded" && each.Status == "True" &&
            each.Reason == reason) == true;
}
