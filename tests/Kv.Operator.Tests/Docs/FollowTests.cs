using System.Collections.Concurrent;
using System.Globalization;
using System.Text.Json.Nodes;
using Kv.Operator.Tests.Sandbox;
using Kv.Operator.Tests.Scenarios;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Client;
using Kv.Sandbox.Cluster;
using Kv.Sandbox.Json;
using Kv.Sandbox.Kubelet;
using Kv.Testing;

namespace Kv.Operator.Tests.Docs;

/// <summary>The documentation, followed from top to bottom by somebody who has a Kubernetes: the very lines of the
/// READMEs, of the runbooks and of what helm prints, by the real helm, kubectl and etcdctl, with an operator and
/// members that run.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class FollowTests : IAsyncLifetime
{
    private const string OperatorReadme = "charts/kv-operator/README.md";
    private const string ClusterReadme = "charts/kv-cluster/README.md";
    private const string Readme = "README.md";
    private const string WithoutHelm = "kubectl apply --server-side -f charts/install.yaml";
    private const string Registry = "registry.test";

    /// <summary>Names of pods are known as in a pod; pods share one network, so the operator listens on the address of
    /// its own; nothing found is no failure.</summary>
    private const string OnCluster =
        """
        mount --bind "$KV_HOSTS" /etc/hosts
        grep() { command grep "$@" || [ $? = 1 ]; }
        helm() {
          case "$*" in
            install*charts/kv-operator*) command helm "$@" --set 'config.listenAddress=$(POD_IP)' ;;
            *) command helm "$@" ;;
          esac
        }
        etcdctl() {
          case "$*" in
            *--endpoints*) env -u ETCDCTL_ENDPOINTS etcdctl "$@" ;;
            *) command etcdctl "$@" ;;
          esac
        }
        """;

    /// <summary>What has been built is run as <c>dotnet run</c> would run it, in a folder of its own, and the next
    /// terminal is opened when it serves. The ports are etcd's, so the network is not the machine's.</summary>
    private const string Alone =
        """
        ip link set lo up
        dotnet() {
          [ "$*" = "run -c Release --project node/Kv.Server" ]
          (cd "$KV_FOLDER" && exec "$KV_PROGRAM") &
          trap "kill $!" EXIT
          for attempt in $(seq 100); do etcdctl endpoint health 2>/dev/null && return; done
        }
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(170);

    private readonly TempDirectory _folder = new();
    private readonly ConcurrentQueue<string> _log = new();
    private SandboxCluster _sandbox = null!;
    private Kubectl _kubectl = null!;

    [Fact]
    public async Task A_node_alone_serves_whoever_follows_the_README()
    {
        Directory.CreateDirectory(_folder["alone"]);
        DocCommand[] commands = [.. Of(Readme).TakeWhile(each => !IsInstall(each))];
        Assert.Equal(2, commands.Length);

        string said = await DocShell.RunAsync(
            commands.Select(each => (each.Text, each.Text)), Alone,
            new Dictionary<string, string>
            {
                ["KV_FOLDER"] = _folder["alone"],
                ["KV_PROGRAM"] = StoreNode.Program,
                ["ETCDCTL_API"] = "3",
            },
            Patience, "--net");

        Assert.EndsWith("OK\nhello\nworld\n", said, StringComparison.Ordinal);
    }

    [Fact]
    public void What_needs_an_operator_stands_where_it_is_followed()
    {
        DocCommand[] followed =
            [.. new[] { Readme, OperatorReadme, ClusterReadme }.SelectMany(Of), .. Runbooks()];

        Assert.DoesNotContain(DocCommand.All, each => each.Text != WithoutHelm
            && CommandTable.HowOf(each) is { NeedsOperator: true } && !followed.Contains(each));
    }

    [Fact]
    public async Task The_documents_can_be_followed_on_a_cluster()
    {
        DocCommand[] chart = [.. Of(OperatorReadme)];
        int end = Array.FindIndex(chart, each => each.Text.StartsWith("kubectl delete", StringComparison.Ordinal));
        Assert.True(IsInstall(chart[0]) && end > 0);
        string notes = await FollowAsync(chart[0]);
        await FollowAsync(NotesIn(notes));
        await FollowAsync(chart[1..end]);
        await EndProcessAsync("demo-0");
        await FollowAsync([.. Runbooks()]);
        await FollowAsync(chart[end..]);
        Assert.Empty((await _sandbox.Client.GetAsync(ObjectPath.Core("pods", "default"))).Items("items"));

        DocCommand[] readme = [.. Of(Readme).SkipWhile(each => !IsInstall(each))];
        await FollowAsync(readme[0]);
        await PrepareAsync();
        await FollowAsync(readme[1..]);
        await _kubectl.RunAsync(
            "wait", "--for=jsonpath={.status.phase}=Done", "kvsnapshot/before-the-change", "--timeout=55s");
        await _kubectl.RunAsync("wait", "--for=condition=Ready", "kvc/store", "--timeout=55s");
        string image = await _kubectl.RunAsync("get", "pod/store-0", "-o", "jsonpath={.spec.containers[0].image}");
        Assert.StartsWith($"{Registry}/kvoperator/kv-node:3.", image, StringComparison.Ordinal);

        DocCommand[] cluster = [.. Of(ClusterReadme)];
        Assert.True(IsInstall(cluster[0]));
        notes = await FollowAsync(cluster[0]);
        await FollowAsync(NotesIn(notes));
        await FollowAsync(cluster[1..]);

        await FollowAsync(new DocCommand("", "helm uninstall kv-operator --namespace kv-operator --wait"));
        await FollowAsync(DocCommand.All.First(each => each.Text == WithoutHelm));
        await _kubectl.RunAsync("get", "deployment/kv-operator", "--namespace", "kv-operator");
    }

    public async ValueTask InitializeAsync()
    {
        var images = new ImageTable();
        foreach (string prefix in new[] { "", $"{Registry}/" })
        {
            images.Add($"{prefix}kvoperator/kv-node", StoreNode.Program)
                .Add($"{prefix}kvoperator/kv-operator", OperatorRun.Program);
        }

        _sandbox = await SandboxCluster.StartAsync(
            new SandboxOptions
            {
                Directory = _folder["sandbox"],
                Images = images,
                BackoffFirst = TimeSpan.FromMilliseconds(200),
                Log = _log.Enqueue,
            },
            TestContext.Current.CancellationToken);
        _kubectl = new Kubectl(_sandbox.KubeconfigPath, _folder["cache"]);
    }

    public async ValueTask DisposeAsync()
    {
        await _sandbox.DisposeAsync();
        _folder.Dispose();
    }

    private static bool IsInstall(DocCommand command) =>
        command.Text.StartsWith("helm install", StringComparison.Ordinal);

    /// <summary>What a document has one run, less what is said besides: what is to be done instead.</summary>
    private static IEnumerable<DocCommand> Of(string document) => DocCommand.All.Where(command =>
        command.Document == document && command.Text != WithoutHelm
        && CommandTable.HowOf(command) is { IsRun: true } or { NeedsOperator: true });

    private static IEnumerable<DocCommand> Runbooks() => DocCommand.All.Where(command =>
        command.Document.Contains("/runbooks/", StringComparison.Ordinal)
        && CommandTable.HowOf(command) is { NeedsOperator: true });

    /// <summary>The commands that helm prints after an installation; a watch would not end.</summary>
    private static DocCommand[] NotesIn(string said)
    {
        string notes = said[said.LastIndexOf("NOTES:", StringComparison.Ordinal)..];
        string[] lines = [.. notes.Split('\n').Where(line => line.StartsWith("  ", StringComparison.Ordinal))];
        DocCommand[] commands = [.. DocCommand.Split("NOTES.txt", lines.Select(line => line[2..]))];
        Assert.NotEmpty(commands);
        return [.. commands.Select(each => each with
        {
            Text = each.Text.Replace(" --watch", "", StringComparison.Ordinal),
        })];
    }

    private static string In(string command) => command
        .Replace("REGISTRY", Registry, StringComparison.Ordinal)
        .Replace("deploy/kv-operator -n NAMESPACE", "deploy/kv-operator -n kv-operator", StringComparison.Ordinal)
        .Replace("NAMESPACE", "default", StringComparison.Ordinal)
        .Replace("MEMBER", "demo-0", StringComparison.Ordinal)
        .Replace("=ONE", "=$ETCDCTL_ENDPOINTS", StringComparison.Ordinal)
        .Replace("NAME", "demo", StringComparison.Ordinal);

    private Task<string> FollowAsync(params DocCommand[] commands)
    {
        var variables = new Dictionary<string, string>
        {
            ["KUBECONFIG"] = _sandbox.KubeconfigPath,
            ["KUBECACHEDIR"] = _folder["cache"],
            ["KV_HOSTS"] = _sandbox.HostsPath,
            ["ETCDCTL_API"] = "3",
            ["ETCDCTL_ENDPOINTS"] = "http://demo.default.svc:2379",
        };
        foreach (string name in new[] { "HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME" })
            variables[name] = _folder[name];
        return DocShell.RunAsync(
            commands.Select(each => (each.Text, In(each.Text))), OnCluster, variables, Patience, "--mount");
    }

    /// <summary>A crash, so that there are logs of before.</summary>
    private async Task EndProcessAsync(string member)
    {
        string path = ObjectPath.Core("pods", "default", member);
        static JsonObject ContainerOf(JsonObject pod) => pod.Items("status", "containerStatuses").Single();
        string id = ContainerOf(await _sandbox.Client.GetAsync(path)).Text("containerID")!;
        SystemCalls.Send(int.Parse(id["process://".Length..], CultureInfo.InvariantCulture), SystemCalls.Kill);
        using var limit = new CancellationTokenSource(Patience);
        while (ContainerOf(await _sandbox.Client.GetAsync(path, limit.Token)) is var container
            && !(container.Number("restartCount") > 0 && container.Flag("ready")))
        {
            await Pause.ForAsync(TimeSpan.FromMilliseconds(100), limit.Token);
        }

        await _kubectl.RunAsync("wait", "--for=condition=Ready", "kvc/demo", "--timeout=55s");
    }

    /// <summary>What README.md speaks of and does not make: a claim for snapshots, and the heir of an etcd.</summary>
    private async Task PrepareAsync()
    {
        await _kubectl.RunWithAsync(
            """
            { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": "backups" },
              "spec": { "accessModes": [ "ReadWriteOnce" ], "resources": { "requests": { "storage": "1Gi" } } } }
            """,
            "apply", "-f", "-");
        await _kubectl.RunWithAsync(
            """
            { "apiVersion": "kvoperator.io/v1", "kind": "KvCluster", "metadata": { "name": "heir" },
              "spec": { "bootstrap": { "fromEtcd": { "endpoints": [ "http://127.0.0.1:1" ] } } } }
            """,
            "apply", "-f", "-");
    }
}
