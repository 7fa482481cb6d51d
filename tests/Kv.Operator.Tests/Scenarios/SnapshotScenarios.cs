using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;
using Kv.Testing;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>Snapshots are taken while clients write and read.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class SnapshotScenarios(ScenarioSite site, ITestOutputHelper output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    [Theory]
    [Seeds(1)]
    public async Task A_snapshot_to_a_claim_under_load_is_verified_and_real_tools_accept_it(int seed)
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, "The volumes of this Kubernetes are out of reach.");
        ScenarioCluster cluster = await site.TrioAsync();
        await using ScenarioLoad load = await ScenarioLoad.StartAsync(cluster, seed);
        await load.MoreAsync(100, TimeSpan.FromSeconds(20));
        string claim = await site.NewClaimAsync("backups");
        await CreateAsync("to-claim", cluster.Name, new SnapshotDestination
        {
            PersistentVolumeClaim = new ClaimDestination { ClaimName = claim, Path = "nightly" },
        });

        V1KvSnapshot done = await site.UntilOverAsync("to-claim");
        output.WriteLine(KubernetesJson.Serialize(done.Status));

        string file = Path.Combine(await site.VolumeOfAsync(claim), done.Status.Location!);
        await ExpectGoodAsync(done, file);
        Assert.Equal($"nightly/{cluster.Name}/to-claim.db", done.Status.Location);
        Assert.Equal([file, file + ".label"], Directory.EnumerateFiles(Path.GetDirectoryName(file)!).Order());
        output.WriteLine(await load.MustHoldAsync());

        await DeleteSnapshotAsync("to-claim");
        Assert.False(File.Exists(file));
    }

    private async Task ExpectGoodAsync(V1KvSnapshot done, string file)
    {
        Assert.Equal((SnapshotReport.Done, true), (done.Status.Phase, done.Status.Verified));
        Assert.Equal(new FileInfo(file).Length, done.Status.Size);
        string status = await EtcdUtl.RunAsync("snapshot", "status", file, "-w", "json");
        output.WriteLine(status);
        Assert.Contains($"\"revision\":{done.Status.Revision},", status, StringComparison.Ordinal);
    }

    private Task<V1KvSnapshot> CreateAsync(string name, string cluster, SnapshotDestination destination) =>
        site.Client.CreateAsync(new V1KvSnapshot
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = site.Space },
            Spec = new KvSnapshotSpec
            {
                Cluster = cluster,
                Destination = destination,
                DeletionPolicy = SnapshotDeletion.Delete,
            },
        });

    private async Task DeleteSnapshotAsync(string name)
    {
        await site.Client.DeleteAsync<V1KvSnapshot>(name, site.Space);
        long start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        while (await site.Client.GetAsync<V1KvSnapshot>(name, site.Space) is { } left)
        {
            Assert.True(
                TimeProvider.System.GetElapsedTime(start) < Patience,
                $"{name} is still there: {KubernetesJson.Serialize(left)}\n{site.Log}");
            await timer.WaitForNextTickAsync();
        }
    }
}
