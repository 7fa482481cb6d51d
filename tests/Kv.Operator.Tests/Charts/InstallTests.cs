using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Kv.Operator.Tests.Sandbox;
using Kv.Operator.Tests.Scenarios;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Client;
using Kv.Sandbox.Cluster;
using Kv.Sandbox.Json;
using Kv.Sandbox.Kubelet;
using Kv.Testing;

namespace Kv.Operator.Tests.Charts;

/// <summary>The life of a release with the real helm: installed, upgraded, rolled back and uninstalled, while the
/// operator runs as the pod that the chart renders, with the rights that the chart gives it.</summary>
public sealed class InstallTests : IAsyncLifetime
{
    private const string Demo =
        """
        apiVersion: kvoperator.io/v1
        kind: KvCluster
        metadata: { name: demo }
        spec: { replicas: 3, storage: { size: 1Gi } }
        """;

    /// <summary>What the operator does without, where it is not allowed.</summary>
    private static readonly string[] OfTheWholeCluster =
        ["get /nodes", "get storage.k8s.io/storageclasses", "list storage.k8s.io/storageclasses"];

    // Pods of the sandbox share one network, so an operator listens on the address of its own pod.
    private static readonly string[] InSandbox = ["--set", "config.listenAddress=$(POD_IP)"];

    private readonly TempDirectory _folder = new();
    private readonly ConcurrentQueue<string> _log = new();
    private readonly ConcurrentDictionary<string, bool> _refused = new();
    private SandboxCluster _sandbox = null!;
    private Helm _helm = null!;
    private Kubectl _kubectl = null!;

    [Theory]
    [MemberData(nameof(Helm.Programs), MemberType = typeof(Helm))]
    public async Task Clusters_and_their_data_outlive_all_that_is_done_to_the_release(string program)
    {
        using var helm = new Helm(_sandbox.KubeconfigPath, program);
        await helm.RunAsync(["install", "kvo", ChartFiles.Operator, .. AsRelease]);
        await helm.RunAsync("test", "kvo", "--namespace", "kv-operator", "--timeout", "60s");
        await _kubectl.RunWithAsync(Demo, "apply", "-f", "-");
        await UntilReadyAsync("default", "demo");
        string members = await MembersAsync("default");
        Assert.Equal(3, members.Split('\n').Length);
        await EtcdctlAsync("put", "hello", "world");

        string first = await OperatorAsync();
        await helm.RunAsync(
            ["upgrade", "kvo", ChartFiles.Operator, .. AsRelease, "--set", "config.workers=4,podAnnotations.a=b"]);
        string second = await OperatorAsync();
        Assert.NotEqual(first, second);
        await helm.RunAsync(["rollback", "kvo", "1", "--namespace", "kv-operator", "--wait", "--timeout", "100s"]);
        Assert.NotEqual(second, await OperatorAsync());
        await _kubectl.RunAsync("annotate", "kvc", "demo", "seen-by=the-third");
        await UntilReadyAsync("default", "demo");
        Assert.Equal(members, await MembersAsync("default"));

        Assert.Empty(_refused.Keys);

        // Its rights may be gone before it is: then it cannot give back its lease as it ends.
        await helm.RunAsync("uninstall", "kvo", "--namespace", "kv-operator", "--wait", "--timeout", "100s");
        await UntilGoneAsync(ObjectPath.Core("pods", "kv-operator"));
        _refused.Clear();
        Assert.Contains("demo", await _kubectl.RunAsync("get", "kvc", "-o", "name"), StringComparison.Ordinal);
        Assert.Equal(members, await MembersAsync("default"));
        Assert.Contains("world", await EtcdctlAsync("get", "hello"), StringComparison.Ordinal);

        // Installed again it takes them over where they are.
        await helm.RunAsync(["install", "kvo", ChartFiles.Operator, .. AsRelease]);
        await _kubectl.RunAsync("scale", "kvc/demo", "--replicas=1");
        await _kubectl.RunAsync("wait", "--for=jsonpath={.status.replicas}=1", "kvc/demo", "--timeout=55s");
        Assert.Contains("world", await EtcdctlAsync("get", "hello"), StringComparison.Ordinal);
        Assert.Empty(_refused.Keys);
    }

    [Fact]
    public async Task In_some_namespaces_an_operator_needs_nothing_outside_of_them()
    {
        await _kubectl.RunAsync("create", "namespace", "team-a");
        await _helm.RunAsync(
            ["install", "kvo", ChartFiles.Operator, .. AsRelease,
                "--set", "watchNamespaces={team-a},rbac.clusterReads=false,rbac.aggregate=false"]);
        await _helm.RunAsync(
            "install", "store", ChartFiles.Cluster, "--namespace", "team-a",
            "--values", Path.Combine(ChartFiles.Cluster, "ci", "single-values.yaml"));

        await UntilReadyAsync("team-a", "store");

        Assert.Single((await MembersAsync("team-a")).Split('\n'));
        Assert.Empty(_refused.Keys.Except(OfTheWholeCluster));
        await _helm.RunAsync("uninstall", "store", "--namespace", "team-a", "--wait", "--timeout", "60s");
        await UntilGoneAsync(ObjectPath.Of("kvoperator.io/v1", "kvclusters", "team-a"));
        string claims = await _kubectl.RunAsync("get", "pvc", "-n", "team-a");
        Assert.Contains("data-store-0", claims, StringComparison.Ordinal);
    }

    public async ValueTask InitializeAsync()
    {
        _sandbox = await SandboxCluster.StartAsync(
            new SandboxOptions
            {
                Directory = _folder["sandbox"],
                Images = new ImageTable().Add("kvoperator/kv-node", StoreNode.Program)
                    .Add("kvoperator/kv-operator", OperatorRun.Program),
                BackoffFirst = TimeSpan.FromMilliseconds(200),
                Log = _log.Enqueue,
            },
            TestContext.Current.CancellationToken);
        _sandbox.Server.Parts.Access.Heard = (who, question, isAllowed) =>
        {
            if (who.Name.StartsWith("system:serviceaccount:kv-operator:", StringComparison.Ordinal) && !isAllowed)
                _refused[$"{question.Verb} {question.Group}/{question.Resource}"] = true;
        };
        _helm = new Helm(_sandbox.KubeconfigPath);
        _kubectl = new Kubectl(_sandbox.KubeconfigPath, _folder["cache"]);
    }

    public async ValueTask DisposeAsync()
    {
        _helm.Dispose();
        await _sandbox.DisposeAsync();
        _folder.Dispose();
    }

    private static string[] AsRelease =>
        ["--namespace", "kv-operator", "--create-namespace", "--wait", "--timeout", "100s", .. InSandbox];

    private Task<string> UntilReadyAsync(string space, string name) =>
        _kubectl.RunAsync("wait", "--for=condition=Ready", $"kvc/{name}", "-n", space, "--timeout=55s");

    private async Task UntilGoneAsync(string path)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while ((await _sandbox.Client.GetAsync(path, limit.Token)).Items("items").Any())
            await Pause.ForAsync(TimeSpan.FromMilliseconds(50), limit.Token);
    }

    /// <summary>The members' pods with their uids and restarts: the same while none was touched.</summary>
    private async Task<string> MembersAsync(string space)
    {
        JsonObject list = await _sandbox.Client.GetAsync(ObjectPath.Core("pods", space));
        return string.Join('\n', list.Items("items")
            .Where(pod => pod.Text("metadata", "labels", "app.kubernetes.io/name") == "kv-node")
            .Select(pod => $"{pod.Text("metadata", "name")} {pod.Text("metadata", "uid")} "
                + pod.Items("status", "containerStatuses").Single().Number("restartCount")).Order());
    }

    /// <summary>The one pod of the operator that is there to stay.</summary>
    private async Task<string> OperatorAsync()
    {
        JsonObject list = await _sandbox.Client.GetAsync(ObjectPath.Core("pods", "kv-operator"));
        JsonObject pod = Assert.Single(list.Items("items"), each =>
            each.Text("metadata", "deletionTimestamp") is null
            && each.Text("metadata", "labels", "app.kubernetes.io/name") == "kv-operator"
            && each.Text("metadata", "labels", "pod-template-hash") is not null);
        Assert.True(SharedSandbox.IsReady(pod));
        return pod.Text("metadata", "uid") ?? "";
    }

    private async Task<string> EtcdctlAsync(params string[] words)
    {
        string addresses = await _kubectl.RunAsync(
            "get", "pods", "-l", "kvoperator.io/serving=true", "-o", "jsonpath={.items[0].status.podIP}");
        var start = new ProcessStartInfo("etcdctl", ["--endpoints", $"http://{addresses.Trim()}:2379", .. words]);
        start.Environment["ETCDCTL_API"] = "3";
        return await Tool.RunAsync(start, TimeSpan.FromSeconds(20));
    }
}
