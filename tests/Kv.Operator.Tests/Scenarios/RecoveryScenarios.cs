using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Snapshots;
using Kv.Testing;
using static System.StringComparison;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>Clusters that begin with a snapshot, and one that goes on from what is left of it.</summary>
[Collection(ScenarioCollection.Name)]
[TestCaseOrderer(typeof(ByLine))]
public sealed class RecoveryScenarios(ScenarioSite site, ITestOutputHelper output)
{
    private const string OutOfReach = "The volumes of this Kubernetes are out of reach.";
    private const long Bump = 1_000_000_000;
    private const int Keys = 200;

    private static readonly TimeSpan ToldWithin = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LossToldWithin = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Observed = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan AnswerMax = TimeSpan.FromSeconds(10);

    [Fact]
    public async Task A_snapshot_taken_over_the_network_becomes_a_cluster_of_three_with_the_same_keys_and_no_way_back()
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, OutOfReach);
        site.Operator.Start();
        await using ScenarioCluster source = await ScenarioCluster.CreateAsync(site, "source", spec =>
            spec.Replicas = 1);
        await source.UntilReadyAsync();
        long last = await PutAsync(source, "k");
        byte[] snapshot = await SaveAsync(source);
        Dictionary<string, string> wanted = await ReadAllAsync(source);

        string claim = await site.NewClaimAsync("backups");
        await using ScenarioCluster copy = await BeginAsync(claim, "source/of a day.db", replicas: 3);

        // Nothing is there yet: told, and mended by putting it there.
        await UntilToldAsync(copy, "RestoreFailed", "Could not find");
        await WriteAsync(claim, "source/of a day.db", snapshot);
        long start = Stopwatch.GetTimestamp();
        await copy.UntilReadyAsync();
        output.WriteLine($"restored and three members after {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s");

        Assert.Equal(wanted, await ReadAllAsync(copy));
        Assert.True(await RevisionAsync(copy) >= last + Bump);
        await MustAgreeAsync(copy);
        Assert.NotEqual((await source.GetAsync()).Status.ClusterId, (await copy.GetAsync()).Status.ClusterId);
        WatchResponse refused = await WatchAsync(copy, last);
        Assert.True(refused.Canceled);
        Assert.True(refused.CompactRevision >= last + Bump, $"{refused.CompactRevision}");
    }

    [Fact]
    public async Task A_snapshot_of_a_real_etcd_becomes_a_cluster_and_a_damaged_one_does_not()
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, OutOfReach);
        site.Operator.Start();
        using TempDirectory fixture = Fixture.Decompress("3.5.30-snapshot.db");
        byte[] snapshot = await File.ReadAllBytesAsync(fixture["3.5.30-snapshot.db"]);
        byte[] damaged = [.. snapshot];
        damaged[damaged.Length / 3] ^= 4;

        string claim = await site.NewClaimAsync("etcd");
        await using ScenarioCluster copy = await BeginAsync(claim, "saved.db", replicas: 1);
        await UntilToldAsync(copy, "RestoreFailed", "saved.db");
        await WriteAsync(claim, "saved.db", damaged);
        await UntilToldAsync(copy, "RestoreFailed", "expected sha256 ");
        await WriteAsync(claim, "saved.db", snapshot);
        await copy.UntilReadyAsync();

        Assert.Equal(60, (await ReadAllAsync(copy)).Count);
        Assert.Equal(132 + Bump, await RevisionAsync(copy));

        // A member that starts again keeps what it has: what was written since is there.
        await PutAsync(copy, "after");
        string seed = copy.Pods.Single().Name();
        copy.Kill(seed);
        await site.Client.DeleteAsync<V1Pod>(seed, site.Space);
        await copy.UntilPodsAsync("be back", pods => pods.Any(pod =>
            pod.Name() == seed && pod.Spec.InitContainers is not { Count: > 0 } && ScenarioCluster.IsServing(pod)));
        Assert.Equal(60 + Keys, (await ReadAllAsync(copy)).Count);
    }

    [Fact]
    public async Task A_quorum_that_is_lost_for_good_is_told_left_alone_and_recovered_when_a_person_says_so()
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, OutOfReach);
        site.Operator.Start();
        await using ScenarioCluster cluster = await FilledAsync("lost", replicas: 3);
        V1KvCluster before = await cluster.GetAsync();
        Dictionary<string, string> wanted = await ReadAllAsync(cluster);
        string survivor = before.Status.Members![1].Name;
        await HasAllAsync(cluster, survivor);

        long start = Stopwatch.GetTimestamp();
        await LoseAsync(cluster, survivor);
        V1KvCluster lost = await cluster.UntilAsync(
            "say that its quorum is lost",
            found => found.Status.Conditions!.Any(each => each is { Type: "Available", Reason: "QuorumLost" }) &&
                found.Status.Conditions!.Any(each => each is { Type: "Degraded", Reason: "QuorumLost" }),
            LossToldWithin);
        output.WriteLine($"told after {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s: {lost.Status.Message}");
        Assert.Contains("its volume is gone", lost.Status.Message, Ordinal);
        await MustStayAsync(cluster, lost, survivor);

        await cluster.AnnotateAsync(Names.Recover, $"survivor={survivor}");
        await UntilToldAsync(cluster, "RecoveryRefused", $"add confirm={before.Uid()}");
        start = Stopwatch.GetTimestamp();
        await cluster.AnnotateAsync(Names.Recover, $"survivor={survivor},confirm={before.Uid()}");
        await cluster.UntilAsync("begin", found => found.Status.Recovery is not null);
        await site.Operator.KillAsync();
        site.Operator.Start();
        await cluster.UntilAsync("serve again", found => ScenarioCluster.IsTrue(found, "Available"));
        output.WriteLine($"serves again after {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s");
        V1KvCluster after = await cluster.UntilReadyAsync();
        output.WriteLine($"three members after {Stopwatch.GetElapsedTime(start).TotalSeconds:f1} s");

        Assert.Equal(wanted, await ReadAllAsync(cluster));
        await PutAsync(cluster, "after");
        await MustAgreeAsync(cluster);
        Assert.Null(after.GetAnnotation(Names.Recover));
        Assert.Equal(1, after.Status.LastRecovery!.Number);
        Assert.Contains(after.Status.Members!, line => line.Name == survivor);
        Assert.True(
            Directory.Exists(Path.Combine(
                await site.VolumeOfAsync($"data-{survivor}"), "data.pre-recovery-1", "member")));
    }

    [Fact]
    public async Task A_cluster_of_which_no_volume_is_left_begins_again_in_place_with_a_snapshot()
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, OutOfReach);
        site.Operator.Start();
        await using ScenarioCluster cluster = await FilledAsync("gone", replicas: 1);
        V1KvCluster before = await cluster.GetAsync();
        long last = await RevisionAsync(cluster);
        Dictionary<string, string> wanted = await ReadAllAsync(cluster);
        string claim = await site.NewClaimAsync("backups");
        V1KvSnapshot taken = await TakeAsync(cluster, claim);
        string file = Path.Combine(await site.VolumeOfAsync(claim), taken.Status.Location!);
        byte[] snapshot = await File.ReadAllBytesAsync(file);

        // Somebody puts another in its place, as sound as the first, and of another day.
        using TempDirectory other = Fixture.Decompress("3.5.30-snapshot.db");
        await WriteAsync(claim, taken.Status.Location!, await File.ReadAllBytesAsync(other["3.5.30-snapshot.db"]));

        await LoseAsync(cluster, survivor: "");
        await UntilToldAsync(cluster, "DataLost", "Recover it from a snapshot");
        await cluster.AnnotateAsync(Names.Recover, $"snapshot={taken.Name()},confirm={before.Uid()}");
        await UntilToldAsync(
            cluster, "RestoreFailed", "is not the snapshot that was asked for", ScenarioCluster.Patience);
        await WriteAsync(claim, taken.Status.Location!, snapshot);
        V1KvCluster after = await cluster.UntilAsync(
            "be ready", found => ScenarioCluster.IsReady(found) && found.Status.LastRecovery is not null);

        Assert.Equal(wanted, await ReadAllAsync(cluster));
        Assert.True(await RevisionAsync(cluster) >= last + Bump);
        Assert.NotEqual(before.Status.ClusterId, after.Status.ClusterId);
        Assert.Equal(before.Uid(), after.Uid());
        Assert.Null(after.GetAnnotation(Names.Recover));
    }

    /// <summary>A cluster that is ready, and has some keys.</summary>
    private async Task<ScenarioCluster> FilledAsync(string word, int replicas)
    {
        ScenarioCluster cluster = await ScenarioCluster.CreateAsync(site, word, spec => spec.Replicas = replicas);
        await cluster.UntilReadyAsync();
        await PutAsync(cluster, "k");
        return cluster;
    }

    /// <summary>Has the operator take a snapshot into a claim.</summary>
    private async Task<V1KvSnapshot> TakeAsync(ScenarioCluster cluster, string claim)
    {
        string name = site.NextName("snapshot");
        await site.Client.CreateAsync(new V1KvSnapshot
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = site.Space },
            Spec = new KvSnapshotSpec
            {
                Cluster = cluster.Name,
                Destination = { PersistentVolumeClaim = new ClaimDestination { ClaimName = claim } },
            },
        });
        V1KvSnapshot taken = await site.UntilOverAsync(name);
        Assert.True(SnapshotReport.IsGood(taken), KubernetesJson.Serialize(taken.Status));
        return taken;
    }

    private async Task LoseAsync(ScenarioCluster cluster, string survivor)
    {
        string[] victims = [.. cluster.Pods.Select(pod => pod.Name()).Where(name => name != survivor)];
        await site.Operator.KillAsync(); // so that it has no time to replace the first before the second is lost
        foreach (string victim in victims)
        {
            await site.Client.DeleteAsync<V1PersistentVolumeClaim>($"data-{victim}", site.Space);
            await site.Client.DeleteAsync<V1Pod>(victim, site.Space);
        }

        await cluster.UntilPodsAsync("lose them", pods => pods.All(pod => pod.Name() == survivor));
        site.Operator.Start();
    }

    /// <summary>Looks on: no member is added or removed, the survivor's pod and volume are as they were.</summary>
    private async Task MustStayAsync(ScenarioCluster cluster, V1KvCluster lost, string survivor)
    {
        string pod = cluster.PodOf(survivor).Uid();
        string members = string.Join(' ', lost.Status.Members!.Select(line => $"{line.Name} {line.Phase}"));
        long start = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromSeconds(1));
        while (Stopwatch.GetElapsedTime(start) < Observed && await timer.WaitForNextTickAsync())
        {
            V1KvCluster now = await cluster.GetAsync();
            Assert.Equal(
                members, string.Join(' ', now.Status.Members!.Select(line => $"{line.Name} {line.Phase}")));
            Assert.Null(now.Status.Recovery);
            Assert.Equal(pod, Assert.Single(cluster.Pods).Uid());
        }

        var claim = await site.Client.GetAsync<V1PersistentVolumeClaim>($"data-{survivor}", site.Space);
        Assert.Null(claim!.GetLabel(Names.Retained));
    }

    private static Task<V1KvCluster> UntilToldAsync(
        ScenarioCluster cluster, string reason, string text, TimeSpan? within = null) =>
        cluster.UntilAsync(
            $"say {reason} and {text}",
            found => found.Status.Conditions?.Any(each => each is { Type: "Degraded", Status: "True" } &&
                each.Reason == reason && each.Message!.Contains(text, Ordinal)) == true,
            within ?? ToldWithin);

    private Task<ScenarioCluster> BeginAsync(string claim, string path, int replicas) =>
        ScenarioCluster.CreateAsync(site, "copy", spec =>
        {
            spec.Replicas = replicas;
            spec.Bootstrap = new BootstrapSpec
            {
                FromSnapshot = new SnapshotSource
                {
                    Location = new SnapshotLocation
                    {
                        PersistentVolumeClaim = new ClaimLocation { ClaimName = claim, Path = path },
                    },
                },
            };
        });

    private async Task WriteAsync(string claim, string path, byte[] content)
    {
        string file = Path.Combine(await site.VolumeOfAsync(claim), path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        await File.WriteAllBytesAsync(file + ".new", content);
        File.Move(file + ".new", file, overwrite: true);
    }

    private static KV.KVClient KvOf(ScenarioCluster cluster) => new(cluster.Channels.For(cluster.Serving()[0]));

    /// <returns>The revision of the last.</returns>
    private static async Task<long> PutAsync(ScenarioCluster cluster, string prefix)
    {
        long revision = 0;
        for (int number = 0; number < Keys; number++)
        {
            var put = new PutRequest
            {
                Key = ByteString.CopyFromUtf8($"{prefix}{number:d4}"),
                Value = ByteString.CopyFromUtf8($"value {number}"),
            };
            PutResponse done = await KvOf(cluster).PutAsync(put, deadline: DateTime.UtcNow + AnswerMax);
            revision = done.Header.Revision;
        }

        return revision;
    }

    private static RangeRequest Everything() =>
        new() { Key = ByteString.CopyFrom(0), RangeEnd = ByteString.CopyFrom(0) };

    private static async Task<Dictionary<string, string>> ReadAllAsync(ScenarioCluster cluster)
    {
        RangeResponse all = await KvOf(cluster).RangeAsync(Everything(), deadline: DateTime.UtcNow + AnswerMax);
        return all.Kvs.ToDictionary(each => each.Key.ToBase64(), each => each.Value.ToBase64());
    }

    private static async Task<long> RevisionAsync(ScenarioCluster cluster)
    {
        RangeResponse all = await KvOf(cluster).RangeAsync(Everything(), deadline: DateTime.UtcNow + AnswerMax);
        return all.Header.Revision;
    }

    /// <summary>Waits until a member has applied what the cluster acknowledged.</summary>
    private static async Task HasAllAsync(ScenarioCluster cluster, string member)
    {
        MemberEndpoint endpoint = cluster.Running().Single(each => each.Member == member);
        long revision = await RevisionAsync(cluster);
        RangeResponse there = await new KV.KVClient(cluster.Channels.For(endpoint)).RangeAsync(
            Everything(), deadline: DateTime.UtcNow + AnswerMax); // linearizable, and so after all before it
        Assert.Equal(revision, there.Header.Revision);
    }

    /// <summary>What <c>etcdctl snapshot save</c> writes.</summary>
    private static async Task<byte[]> SaveAsync(ScenarioCluster cluster)
    {
        using AsyncServerStreamingCall<SnapshotResponse> call =
            new Maintenance.MaintenanceClient(cluster.Channels.For(cluster.Serving()[0])).Snapshot(
                new SnapshotRequest(), deadline: DateTime.UtcNow + AnswerMax);
        using var content = new MemoryStream();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            call.ResponseStream.Current.Blob.WriteTo(content);
        return content.ToArray();
    }

    private static async Task<WatchResponse> WatchAsync(ScenarioCluster cluster, long revision)
    {
        using var limit = new CancellationTokenSource(AnswerMax);
        using AsyncDuplexStreamingCall<WatchRequest, WatchResponse> watch =
            new Watch.WatchClient(cluster.Channels.For(cluster.Serving()[0])).Watch(cancellationToken: limit.Token);
        await watch.RequestStream.WriteAsync(new WatchRequest
        {
            CreateRequest = new WatchCreateRequest { Key = ByteString.CopyFromUtf8("k0000"), StartRevision = revision },
        });
        while (await watch.ResponseStream.MoveNext(limit.Token))
        {
            if (watch.ResponseStream.Current is { Canceled: true } or { Events.Count: > 0 })
                return watch.ResponseStream.Current;
        }

        throw new InvalidOperationException("The watch ended without a word.");
    }

    /// <summary>All members have the same history, by their own hash of it.</summary>
    private static async Task MustAgreeAsync(ScenarioCluster cluster)
    {
        long revision = await RevisionAsync(cluster);
        var hashes = new HashSet<(uint Hash, long Compacted)>();
        foreach (MemberEndpoint member in cluster.Running())
        {
            CallInvoker invoker = cluster.Channels.For(member);
            await new KV.KVClient(invoker).RangeAsync(Everything(), deadline: DateTime.UtcNow + AnswerMax);
            HashKVResponse hash = await new Maintenance.MaintenanceClient(invoker).HashKVAsync(
                new HashKVRequest { Revision = revision }, deadline: DateTime.UtcNow + AnswerMax);
            hashes.Add((hash.Hash, hash.CompactRevision));
        }

        Assert.Equal(3, cluster.Running().Count);
        Assert.Single(hashes);
    }
}
