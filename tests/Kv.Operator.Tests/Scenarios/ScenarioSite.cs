using System.Collections.Concurrent;
using System.Security.Cryptography;
using Kv.Kubernetes;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Snapshots;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Client;
using Kv.Sandbox.Cluster;
using Kv.Sandbox.Kubelet;
using Kv.Testing;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>Where scenarios happen: a namespace of a Kubernetes with the operator at work in it, as a process of its
/// own with the rights that it is given when it is installed. The Kubernetes is a sandbox; with
/// <c>KV_SCENARIOS_CLUSTER=1</c> it is the one that <c>KUBECONFIG</c> names.</summary>
public sealed class ScenarioSite : IAsyncLifetime
{
    private const string Account = "kv-operator";

    // Long enough for a pod that starts on a busy machine, short enough to wait for.
    private const string RollSeconds = "15";

    // The kubelet of the sandbox brings Secrets into pods within a second, and nodes read them again when they change.
    private const string SettlingSeconds = "6";

    private readonly TempDirectory _folder = new();
    private readonly RuntimeMetrics _metrics = new();
    private readonly ConcurrentQueue<string> _log = new();
    private SandboxCluster? _sandbox;
    private KubernetesClient? _client;
    private OperatorRun? _operator;
    private ScenarioCluster? _trio;
    private int _clusters;

    /// <summary>Whether this is a Kubernetes that is not ours: processes and volumes are out of reach.</summary>
    public static bool IsForeign => Environment.GetEnvironmentVariable("KV_SCENARIOS_CLUSTER") == "1";

    internal IKubernetesClient Client => _client!;

    internal RuntimeMetrics Metrics => _metrics;

    internal OperatorRun Operator => _operator!;

    internal Kubectl Kubectl { get; private set; } = null!;

    internal string Space { get; } = $"kv-scenarios-{RandomNumberGenerator.GetHexString(6, lowercase: true)}";

    /// <summary>What to say when something did not come out.</summary>
    internal string Log => $"operator:\n{Operator.Output}\nsandbox:\n{string.Join('\n', _log.TakeLast(40))}";

    /// <summary>A cluster of three members that is well, for whoever leaves it so: the one of the test before, or
    /// another.</summary>
    internal async Task<ScenarioCluster> TrioAsync()
    {
        Operator.Start();
        if (_trio is not null && !ScenarioCluster.IsReady(await _trio.GetAsync()))
        {
            await _trio.DisposeAsync();
            _trio = null;
        }

        _trio ??= await ScenarioCluster.CreateAsync(this, "trio", spec => spec.Replicas = 3);
        await _trio.UntilReadyAsync();
        return _trio;
    }

    /// <summary>Takes over a cluster of three members, so that another need not be made.</summary>
    internal async Task GiveTrioAsync(ScenarioCluster cluster)
    {
        if (_trio is not null)
            await _trio.DisposeAsync();
        _trio = cluster;
    }

    /// <summary>A name that no other cluster here has.</summary>
    internal string NextName(string word) => $"{word}-{Interlocked.Increment(ref _clusters)}";

    /// <summary>A claim of its own, for whatever is to be kept.</summary>
    internal async Task<string> NewClaimAsync(string word)
    {
        string name = NextName(word);
        await Client.CreateAsync(new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = Space },
            Spec = new V1PersistentVolumeClaimSpec
            {
                AccessModes = ["ReadWriteOnce"],
                Resources = new V1VolumeResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = "1Gi" },
                },
            },
        });
        return name;
    }

    /// <summary>The folder that a claim of the sandbox is.</summary>
    internal async Task<string> VolumeOfAsync(string claimName)
    {
        var claim = await Client.GetAsync<V1PersistentVolumeClaim>(claimName, Space);
        var volume = await Client.GetAsync<V1PersistentVolume>(claim!.Spec.VolumeName!);
        return volume!.Spec.HostPath!.Path!;
    }

    /// <summary>Waits until a snapshot is done or has failed.</summary>
    internal async Task<V1KvSnapshot> UntilOverAsync(string name)
    {
        long start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            V1KvSnapshot? found = await Client.GetAsync<V1KvSnapshot>(name, Space);
            if (found is not null && SnapshotReport.IsOver(found))
                return found;
            Assert.True(
                TimeProvider.System.GetElapsedTime(start) < ScenarioCluster.Patience,
                $"{name} is not over: {KubernetesJson.Serialize(found?.Status)}\n{Log}");
            await timer.WaitForNextTickAsync();
        }
    }

    public async ValueTask InitializeAsync()
    {
        string kubeconfig = IsForeign ? Foreign() : await StartSandboxAsync();
        _client = new KubernetesClient(KubernetesClientConfiguration.BuildConfigFromConfigFile(kubeconfig), _metrics);
        Kubectl = new Kubectl(kubeconfig, _folder["cache"]);
        string home = AppContext.BaseDirectory;
        await Kubectl.RunAsync("apply", "--server-side", "-f", Path.Combine(home, "crds"));
        await _client.CreateAsync(new V1Namespace { Metadata = new V1ObjectMeta { Name = Space } });
        string repository = Environment.GetEnvironmentVariable("KV_SCENARIOS_IMAGE") ?? "kv-node";
        _operator = new OperatorRun(
            _sandbox is null ? kubeconfig : await WriteAccountAsync(home),
            Space,
            "--image-repository", repository,
            "--roll-deadline", RollSeconds,
            "--trust-settling", SettlingSeconds);
        _operator.Start();
    }

    public async ValueTask DisposeAsync()
    {
        if (_trio is not null)
            await _trio.DisposeAsync();
        _operator?.Dispose();
        if (IsForeign && _client is not null)
            await _client.DeleteAsync<V1Namespace>(Space);
        _client?.Dispose();
        _metrics.Dispose();
        if (_sandbox is not null)
            await _sandbox.DisposeAsync();
        _folder.Dispose();
    }

    private static string Foreign() => Environment.GetEnvironmentVariable("KUBECONFIG")
        ?? throw new InvalidOperationException("KV_SCENARIOS_CLUSTER=1 wants a KUBECONFIG.");

    private async Task<string> StartSandboxAsync()
    {
        _sandbox = await SandboxCluster.StartAsync(
            new SandboxOptions
            {
                Directory = _folder["sandbox"],
                Images = OtherBuilds.AddTo(new ImageTable(), _folder["builds"])
                    .Add("kv-node", StoreNode.Program).Add(RealEtcd.Image, RealEtcd.Program),
                BackoffFirst = TimeSpan.FromMilliseconds(200),
                Log = _log.Enqueue,
            },
            TestContext.Current.CancellationToken);
        return _sandbox.KubeconfigPath;
    }

    /// <summary>The rights of the operator, and no more.</summary>
    private async Task<string> WriteAccountAsync(string home)
    {
        string manifest = await File.ReadAllTextAsync(Path.Combine(home, "Manifests", "operator.yaml"));
        IEnumerable<string> rights = manifest.Split("\n---\n")
            .Where(each => !each.Contains("kind: Pod", StringComparison.Ordinal));
        await Kubectl.RunWithAsync(string.Join("\n---\n", rights), "apply", "--server-side", "-f", "-");
        string token = await Kubectl.RunAsync("create", "token", Account, "--namespace", Account);
        string path = _folder["operator-kubeconfig"];
        Kubeconfig.Write(path, _sandbox!.Url, _sandbox.AuthorityPem, token.Trim(), Space);
        return path;
    }
}
