using System.Diagnostics;
using Grpc.Core;
using Kv.Operator.Api;
using Kv.Testing;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>A cluster of real etcds changes hands while clients write and read.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class AdoptionScenarios(ScenarioSite site, ITestOutputHelper output)
{
    // What a leader that is an etcd says while it hands leadership on. It has not proposed what was asked for.
    private const string Dropped = "raft proposal dropped";

    private static readonly TimeSpan WritesWithin = TimeSpan.FromSeconds(10);

    [Theory]
    [Seeds(1)]
    public async Task A_cluster_of_real_etcds_changes_hands_under_load(int seed)
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, "There is no image of etcd that this Kubernetes is sure to have.");
        site.Operator.Start();
        await using EtcdPods etcds = await EtcdPods.StartAsync(site, count: 3);
        await using ScenarioCluster cluster = await ScenarioCluster.CreateAsync(site, "heir", spec =>
        {
            spec.Replicas = 3;
            spec.Bootstrap = new BootstrapSpec
            {
                // Of one; where the others are is what the cluster tells.
                FromEtcd = new EtcdSource { Endpoints = [etcds.Serving()[0].Address.ToString().TrimEnd('/')] },
            };
        });
        cluster.Others = etcds.Serving;
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);
        long start = Stopwatch.GetTimestamp();

        for (int voters = 1; voters <= 3; voters++)
        {
            await cluster.UntilAsync(
                $"have {voters} voters of ours", found => Voters(found) >= voters);
            output.WriteLine($"with {voters} of ours all agree at revision {await load.MustAgreeNowAsync()}");
        }

        V1KvCluster joined = await cluster.UntilAsync(
            "say that all are in", found => PhaseOf(found) == "AwaitingFinalize");
        Assert.Equal(3, joined.Status.Adoption!.ForeignMembers!.Count);
        output.WriteLine($"joined after {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s");
        await load.MoreAsync(100, WritesWithin);
        Assert.Equal(6, (await cluster.Guard.ListAsync()).Count);
        Assert.Equal(3, etcds.Serving().Count);

        long finalized = Stopwatch.GetTimestamp();
        await cluster.ChangeAsync("""{"bootstrap":{"fromEtcd":{"finalize":true}}}""");
        for (int others = 2; others >= 0; others--)
        {
            await cluster.UntilAsync(
                $"have {others} members left that are not ours",
                found => found.Status.Adoption!.ForeignMembers!.Count <= others);
            await load.MustAgreeNowAsync();
        }

        await cluster.UntilAsync("say that it is adopted", found => ScenarioCluster.IsTrue(found, "Adopted"));
        V1KvCluster ready = await cluster.UntilReadyAsync();
        output.WriteLine(
            $"finalized after {Stopwatch.GetElapsedTime(finalized).TotalSeconds:f1} s, longest pause "
            + $"{load.LongestPauseSince(start).TotalMilliseconds:f0} ms");
        Assert.All(
            await cluster.Guard.ListAsync(),
            line => Assert.StartsWith(cluster.Name, line.Name, StringComparison.Ordinal));
        Assert.Equal(ready.Status.ClusterId, joined.Status.ClusterId);
        await etcds.UntilServingAsync(count: 0);
        await load.MoreAsync(50, WritesWithin);

        output.WriteLine(await load.MustHoldAsync());
        Assert.All(load.Refusals, each => Assert.True(IsRetriable(each.Code, each.Detail), $"{each}"));
    }

    /// <summary>What clients try again, with this member or another.</summary>
    private static bool IsRetriable(StatusCode code, string detail) =>
        code is StatusCode.Unavailable or StatusCode.DeadlineExceeded
        || (code == StatusCode.Unknown && detail == Dropped);

    private static string? PhaseOf(V1KvCluster cluster) => cluster.Status.Adoption?.Phase;

    private static int Voters(V1KvCluster cluster) =>
        cluster.Status.Members?.Count(line => line.Role is "Voter" or "Leader") ?? 0;
}
