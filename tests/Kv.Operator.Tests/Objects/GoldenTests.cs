using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json.Nodes;
using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Operator.Reconciling;

namespace Kv.Operator.Tests.Objects;

/// <summary>The objects made of a few specifications, in full. A change of one of these files is a change that
/// restarts members of every such cluster.</summary>
public sealed class GoldenTests
{
    private const string Rewrite = "KV_REWRITE";

    public static TheoryData<string> Specs =>
    [
        .. Directory.EnumerateFiles(Folder(), "*.spec.yaml")
            .Select(file => Path.GetFileName(file)[..^".spec.yaml".Length])
            .Order(StringComparer.Ordinal),
    ];

    [Theory]
    [MemberData(nameof(Specs))]
    public void Objects_are_as_written(string name)
    {
        ClusterLayout layout = Layout(name);
        string path = Path.Combine(Folder(), name + ".objects.yaml");
        string made = Write(ObjectsOf(layout));
        if (Environment.GetEnvironmentVariable(Rewrite) == "1")
            File.WriteAllText(path, made);
        Assert.True(File.ReadAllText(path) == made, $"{name} is not as written; {Rewrite}=1 writes it anew.");
    }

    [Theory]
    [MemberData(nameof(Specs))]
    public void Every_pod_is_fit_for_the_restricted_profile(string name)
    {
        V1Pod pod = Seed(Layout(name), "demo-0");

        Assert.True(pod.Spec.SecurityContext!.RunAsNonRoot);
        Assert.Equal("RuntimeDefault", pod.Spec.SecurityContext.SeccompProfile!.Type);
        Assert.Null(pod.Spec.HostNetwork);
        Assert.All(pod.Spec.Containers!.Concat(pod.Spec.InitContainers ?? []), container =>
        {
            Assert.False(container.SecurityContext!.AllowPrivilegeEscalation);
            Assert.Equal(["ALL"], container.SecurityContext.Capabilities!.Drop!);
            Assert.Null(container.SecurityContext.Capabilities.Add);
        });
        Assert.All(pod.Spec.Volumes!, volume => Assert.Null(volume.HostPath));
    }

    [Fact]
    public void The_hash_says_what_members_share_and_nothing_else()
    {
        ClusterLayout layout = Layout("small");
        string hash = MemberPod.HashOf(layout);

        Assert.All(
            [
                MemberPod.Build(layout, "demo-0", PodStart.FormCluster, "", isServing: false),
                MemberPod.Build(layout, "demo-7", PodStart.JoinCluster, "demo-0=http://x", isServing: true),
            ],
            pod => Assert.Equal(hash, pod.GetAnnotation(Names.TemplateHash)));
        V1KvCluster changed = KubernetesJson.Clone(layout.Cluster);
        changed.Spec.Replicas = 5;
        Assert.Equal(hash, MemberPod.HashOf(new ClusterLayout(changed, new OperatorDefaults())));
        changed.Spec.Options = new NodeOptions { MaxTxnOps = 5 };
        Assert.NotEqual(hash, MemberPod.HashOf(new ClusterLayout(changed, new OperatorDefaults())));
    }

    [Fact]
    public void What_members_export_is_of_the_cluster_and_what_is_given_goes_before_it()
    {
        V1KvCluster cluster = KubernetesJson.Clone(Layout("small").Cluster);
        string silent = MemberPod.HashOf(new ClusterLayout(cluster, new OperatorDefaults()));
        cluster.Spec.Env = [new EnvVariable { Name = "OTEL_RESOURCE_ATTRIBUTES", Value = "service.name=mine,zone=a" }];
        var layout = new ClusterLayout(cluster, new OperatorDefaults());
        IList<V1EnvVar> given =
            MemberPod.Build(layout, "demo-7", PodStart.Resume, "", isServing: true).Spec.Containers![0].Env!;

        Assert.NotEqual(silent, MemberPod.HashOf(layout));
        string attributes = Assert.Single(given, each => each.Name == "OTEL_RESOURCE_ATTRIBUTES").Value!;
        Assert.StartsWith("service.name=demo,", attributes, StringComparison.Ordinal);
        Assert.Contains(",k8s.pod.name=demo-7,", attributes, StringComparison.Ordinal);
        Assert.EndsWith(",service.name=mine,zone=a", attributes, StringComparison.Ordinal);
        Assert.Contains(given.TakeWhile(each => each.Value != attributes), each => each.Name == "NODE_NAME");

        cluster.Spec.Env = [];
        Assert.Equal(silent, MemberPod.HashOf(new ClusterLayout(cluster, new OperatorDefaults())));
    }

    [Fact]
    public void A_newer_operator_restarts_nobody()
    {
        V1KvCluster cluster = KubernetesJson.Clone(Layout("small").Cluster);
        cluster.Status.Image = "kvoperator/kv-node:3.7.1";

        string before = MemberPod.HashOf(new ClusterLayout(cluster, new OperatorDefaults()));
        string after = MemberPod.HashOf(new ClusterLayout(cluster, new OperatorDefaults { DefaultVersion = "9.9.9" }));

        Assert.Equal(before, after);
    }

    [Theory]
    [InlineData("http://demo-3.demo-peers.default.svc.cluster.local:2380", "demo-3")]
    [InlineData("https://demo-3.demo-peers.default.svc.cluster.local:2380", "demo-3")]
    [InlineData("http://demo-3.other-peers.default.svc.cluster.local:2380", null)]
    [InlineData("http://10.0.0.1:2380", null)]
    [InlineData("nonsense", null)]
    public void Members_are_known_by_the_host_of_their_peer_URL(string url, string? member) =>
        Assert.Equal(member, Layout("small").MemberAt(url));

    internal static ClusterLayout Layout(string name) => new(
        KubernetesYaml.Deserialize<V1KvCluster>(File.ReadAllText(Path.Combine(Folder(), name + ".spec.yaml"))),
        new OperatorDefaults());

    private static IEnumerable<IKubernetesObject<V1ObjectMeta>> ObjectsOf(ClusterLayout layout)
    {
        string seed = $"{layout.Name}-0";
        string joiner = $"{layout.Name}-1";
        string members = $"{seed}={layout.PeerUrlOf(seed)},{joiner}={layout.PeerUrlOf(joiner)}";
        yield return SharedObjects.PeerService(layout);
        yield return SharedObjects.ClientService(layout);
        yield return SharedObjects.Budget(layout, voters: 1);
        if (layout.Spec.NetworkPolicy is { Enabled: true })
            yield return SharedObjects.NetworkPolicy(layout);
        yield return MemberVolume.Build(layout, seed);
        yield return Seed(layout, seed);
        if (layout.Spec.Bootstrap is not null)
            yield return Survivor(layout, joiner);
        yield return MemberPod.Build(layout, joiner, PodStart.JoinCluster, members, isServing: false);
        yield return MemberPod.Build(layout, joiner, PodStart.Resume, "", isServing: true);
    }

    private static V1Pod Seed(ClusterLayout layout, string member)
    {
        V1Pod pod = MemberPod.Build(layout, member, PodStart.FormCluster, "", isServing: false);
        if (layout.Spec.Bootstrap?.FromSnapshot is { Location: { } location } source)
        {
            VolumePreparation.Restore(
                pod, layout, member, SnapshotFinder.SourceOf(location, source.BumpRevision));
        }

        return pod;
    }

    private static V1Pod Survivor(ClusterLayout layout, string member)
    {
        V1Pod pod = MemberPod.Build(layout, member, PodStart.Survive, "", isServing: false);
        VolumePreparation.Keep(pod, new RecoveryRecord("", 3));
        return pod;
    }

    private static string Write(IEnumerable<IKubernetesObject<V1ObjectMeta>> objects)
    {
        var text = new StringBuilder();
        foreach (IKubernetesObject<V1ObjectMeta> each in objects)
        {
            JsonObject json = KubernetesJson.SerializeToNode<object>(each).AsObject();
            json.Remove("status");
            text.Append("---\n").Append(YamlText.Write(json));
        }

        return text.ToString();
    }

    private static string Folder([CallerFilePath] string test = "") =>
        Path.Combine(Path.GetDirectoryName(test)!, "golden");
}
