using System.Text;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Tests.Scenarios;

namespace Kv.Operator.Tests.Admission;

/// <summary>Specifications that no schema can refuse and that yet cannot be met, and objects in the way: the status
/// says so within half a minute, nothing that is not ours is touched, and all is well when the cause is gone.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class TroubleTests(ScenarioSite site)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_storage_class_that_does_not_exist_is_told_and_may_come()
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, "Its provisioner is the sandbox's.");
        await using ScenarioCluster cluster = await CreateAsync(spec => spec.Storage.StorageClassName = "gone-fast");

        await UntilDegradedAsync(cluster, "PodUnschedulable", "there is no storage class gone-fast");
        await site.Client.CreateAsync(new V1StorageClass
        {
            Metadata = new V1ObjectMeta { Name = "gone-fast" },
            Provisioner = "kvoperator.io/sandbox-directory",
            VolumeBindingMode = "WaitForFirstConsumer",
        });

        await cluster.UntilReadyAsync();
    }

    [Fact]
    public async Task Resources_that_no_node_has_are_told_and_may_be_lowered()
    {
        await using ScenarioCluster cluster = await CreateAsync(spec => spec.Resources = new V1ResourceRequirements
        {
            Requests = new Dictionary<string, ResourceQuantity> { ["cpu"] = "1000", ["memory"] = "64Mi" },
        });

        await UntilDegradedAsync(cluster, "PodUnschedulable", "Insufficient cpu");
        await cluster.ChangeAsync("""{"resources":{"requests":{"cpu":"100m"}}}""");

        await cluster.UntilReadyAsync();
    }

    [Fact]
    public async Task A_node_selector_that_fits_no_node_is_told_and_may_be_taken_back()
    {
        await using ScenarioCluster cluster = await CreateAsync(spec => spec.Scheduling = new SchedulingSpec
        {
            NodeSelector = new Dictionary<string, string> { ["disk"] = "of-gold" },
        });

        await UntilDegradedAsync(cluster, "PodUnschedulable", "node(s) didn't match Pod's node affinity/selector");
        await cluster.ChangeAsync("""{"scheduling":{"nodeSelector":null}}""");

        await cluster.UntilReadyAsync();
    }

    [Fact]
    public async Task An_image_that_does_not_exist_is_told_and_may_be_changed()
    {
        await using ScenarioCluster cluster = await CreateAsync(spec => spec.Image = "kv-nod:3.7.1");

        await UntilDegradedAsync(cluster, "PodImageMissing", "kv-nod:3.7.1");
        await cluster.ChangeAsync("""{"image":null}""");

        await cluster.UntilReadyAsync();
    }

    [Fact]
    public async Task What_the_api_refuses_to_take_makes_the_specification_invalid()
    {
        await using ScenarioCluster cluster = await CreateAsync(spec => spec.PodMetadata = new PodMetadataSpec
        {
            Labels = new Dictionary<string, string> { ["team"] = "not a label" },
        });

        V1KvCluster told = await cluster.UntilAsync(
            "be told invalid", found => Is(found, "SpecValid", "False", "InvalidSpec"), Soon);
        Assert.Contains("not a label", told.Status.Message, StringComparison.Ordinal);
        Assert.Equal("Invalid", told.Status.Phase);
        await cluster.ChangeAsync("""{"podMetadata":{"labels":{"team":"a-label"}}}""");

        V1KvCluster ready = await cluster.UntilReadyAsync();
        Assert.True(Is(ready, "SpecValid", "True", "Valid"));
    }

    [Fact]
    public async Task Objects_of_somebody_else_are_told_and_left_as_they_are()
    {
        await using ScenarioCluster cluster = await CreateAsync(spec => spec.Tls = new TlsSpec
        {
            Client = new ClientTlsSpec(),
        }, isPaused: true);
        IKubernetesObject<V1ObjectMeta>[] theirs =
        [
            await site.Client.CreateAsync(new V1Secret { Metadata = Named($"{cluster.Name}-ca") }),
            await site.Client.CreateAsync(new V1Service
            {
                Metadata = Named(cluster.Name),
                Spec = new V1ServiceSpec { Ports = [new V1ServicePort { Name = "web", Port = 80 }] },
            }),
            await site.Client.CreateAsync(new V1PersistentVolumeClaim
            {
                Metadata = Named($"data-{cluster.Name}-0"),
                Spec = new V1PersistentVolumeClaimSpec
                {
                    AccessModes = ["ReadWriteOnce"],
                    Resources = new V1VolumeResourceRequirements
                    {
                        Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = "1Mi" },
                    },
                },
            }),
            await site.Client.CreateAsync(new V1Pod
            {
                Metadata = Named($"{cluster.Name}-0"),
                Spec = new V1PodSpec
                {
                    TerminationGracePeriodSeconds = 0,
                    Containers =
                    [
                        new V1Container { Name = "other", Image = "no-such-image", Command = ["sleep", "1000"] },
                    ],
                },
            }),
        ];
        await cluster.ChangeAsync("""{"paused":false}""");

        await ToldThenGoneAsync<V1Secret>(cluster, theirs[0], $"A Secret named {cluster.Name}-ca exists");
        await ToldThenGoneAsync<V1Service>(cluster, theirs[1], $"A Service named {cluster.Name} exists");
        await ToldThenGoneAsync<V1PersistentVolumeClaim>(
            cluster, theirs[2], $"A PersistentVolumeClaim for {cluster.Name}-0 exists");
        await ToldThenGoneAsync<V1Pod>(cluster, theirs[3], $"A Pod named {cluster.Name}-0 exists");
        await cluster.UntilAsync("be ready", found => ScenarioCluster.IsTrue(found, "Ready"));
    }

    [Fact]
    public async Task A_secret_of_the_user_that_lacks_its_keys_is_told_and_a_cluster_without_it_can_be_deleted()
    {
        string secret = site.NextName("theirs");
        ScenarioCluster cluster = await CreateAsync(spec => spec.Tls = new TlsSpec
        {
            Client = new ClientTlsSpec { Issuer = CertificateIssuer.Secret, SecretName = secret },
        });
        await using (cluster)
        {
            await UntilDegradedAsync(cluster, "ForeignObject", $"The Secret {secret} does not exist");
            await site.Client.CreateAsync(new V1Secret
            {
                Metadata = Named(secret),
                Data = new Dictionary<string, byte[]> { ["tls.crt"] = Encoding.UTF8.GetBytes("x") },
            });
            await UntilDegradedAsync(cluster, "ForeignObject", $"The Secret {secret} lacks tls.key and ca.crt");
        }

        using var limit = new CancellationTokenSource(Soon);
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (await site.Client.GetAsync<V1KvCluster>(cluster.Name, site.Space, limit.Token) is not null)
            await timer.WaitForNextTickAsync(limit.Token);
    }

    private Task<ScenarioCluster> CreateAsync(Action<KvClusterSpec> change, bool isPaused = false) =>
        ScenarioCluster.CreateAsync(site, "trouble", spec =>
        {
            spec.Replicas = 1;
            spec.Paused = isPaused ? true : null;
            change(spec);
        });

    private V1ObjectMeta Named(string name) => new() { Name = name, NamespaceProperty = site.Space };

    private static Task<V1KvCluster> UntilDegradedAsync(ScenarioCluster cluster, string reason, string text) =>
        cluster.UntilAsync(
            $"say {reason}: {text}",
            found => found.Status.Conditions?.Any(each =>
                each is { Type: "Degraded", Status: "True" } && each.Reason == reason
                && each.Message?.Contains(text, StringComparison.Ordinal) == true) == true,
            Soon);

    private async Task ToldThenGoneAsync<TEntity>(
        ScenarioCluster cluster, IKubernetesObject<V1ObjectMeta> theirs, string text)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        await UntilDegradedAsync(cluster, "ForeignObject", text);
        TEntity there = (await site.Client.GetAsync<TEntity>(theirs.Name(), site.Space))!;
        Assert.Equal(theirs.Uid(), there.Uid());
        Assert.Null(there.DeletionTimestamp());
        Assert.Null(there.GetAnnotation(Names.ClusterUid));
        Assert.Empty(there.OwnerReferences());
        await site.Client.DeleteAsync<TEntity>(theirs.Name(), site.Space);
    }

    private static bool Is(V1KvCluster cluster, string type, string status, string reason) =>
        cluster.Status.Conditions?.Any(
            each => each.Type == type && each.Status == status && each.Reason == reason) == true;
}
