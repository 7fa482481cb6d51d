using Kv.Kubernetes;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>Which member leaves is decided by where the others are.</summary>
public sealed class PlacementTests
{
    private const string Zone = "topology.kubernetes.io/zone";

    [Fact]
    public async Task Those_that_stay_are_spread_over_zones_as_evenly_as_before()
    {
        using var harness = new Harness(replicas: 5);
        foreach ((string node, string zone) in new[] { ("n1", "a"), ("n2", "b"), ("n3", "c") })
            AddNode(harness, node, zone);
        await harness.SettleAsync();
        Assert.Equal(["a", "a", "b", "b", "c"], Zones(harness));

        // The highest serial is alone in its zone once the others have been put elsewhere.
        string alone = harness.Cluster!.Status.Members!.Single(line => line.Zone == "c").Name;
        harness.Change(cluster => cluster.Spec.Replicas = 3);
        await harness.SettleAsync();

        Assert.Equal(["a", "b", "c"], Zones(harness));
        Assert.Contains(harness.Cluster!.Status.Members!, line => line.Name == alone);
    }

    [Fact]
    public async Task In_one_zone_the_fullest_node_gives_first()
    {
        using var harness = new Harness(replicas: 4);
        AddNode(harness, "n1", "a");
        AddNode(harness, "n2", "a");
        await harness.SettleAsync();
        AddNode(harness, "n3", "a");

        foreach (int replicas in new[] { 3, 2 })
        {
            harness.Change(cluster => cluster.Spec.Replicas = replicas);
            await harness.SettleAsync();
        }

        Assert.Equal(["n1", "n2"], harness.Api.All<V1Pod>().Select(pod => pod.Spec.NodeName).Order());
    }

    [Fact]
    public async Task Where_nodes_may_not_be_read_the_highest_number_leaves()
    {
        using var harness = new Harness(replicas: 3);
        harness.Fate.Forbid = call => call.What == "get V1Node";
        AddNode(harness, "n1", "a");
        AddNode(harness, "n2", "b");
        await harness.SettleAsync();

        harness.Change(cluster => cluster.Spec.Replicas = 2);
        await harness.SettleAsync();

        Assert.Equal(["demo-0", "demo-1"], harness.Api.All<V1Pod>().Select(pod => pod.Name()));
        Assert.All(harness.Cluster!.Status.Members!, line => Assert.Null(line.Zone));
    }

    /// <summary>Nodes do not move: asked once, they are not asked again for an hour.</summary>
    [Fact]
    public async Task Nodes_are_not_asked_at_each_look()
    {
        using var harness = new Harness(replicas: 1);
        AddNode(harness, "n1", "a");
        await harness.SettleAsync();
        int asked = 0;
        harness.Fate.Strike = call =>
        {
            asked += call.What == "get V1Node" ? 1 : 0;
            return Blow.None;
        };

        for (int pass = 0; pass < 50; pass++)
            await harness.StepAsync();
        Assert.Equal(0, asked);
        harness.Clock.Advance(TimeSpan.FromHours(1));
        await harness.StepAsync();

        Assert.Equal(1, asked);
    }

    private static IEnumerable<string?> Zones(Harness harness) =>
        harness.Cluster!.Status.Members!.Select(line => line.Zone).Order(StringComparer.Ordinal);

    private static void AddNode(Harness harness, string name, string zone) => harness.Api.Add(new V1Node
    {
        Metadata = new() { Name = name, Labels = new Dictionary<string, string> { [Zone] = zone } },
    });
}
