using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Kv.Operator.Tests.Charts;
using Kv.Operator.Tests.Sandbox;
using Kv.Operator.Tests.Scenarios;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Client;
using Kv.Sandbox.Cluster;
using Kv.Sandbox.Json;
using Kv.Sandbox.Kubelet;
using Kv.Testing;

namespace Kv.Operator.Tests.Monitoring;

/// <summary>A sandbox with the operator as its chart installs it, and a real Prometheus that scrapes what the monitors
/// of the chart choose, and judges by the chart's alerts. These fire at once: what they wait for is known from their
/// unit tests.</summary>
public sealed class MonitoredSandbox : IAsyncLifetime
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);

    private static readonly string[] Values =
    [
        "--set", "config.listenAddress=$(POD_IP)", "--set", "config.rollDeadlineSeconds=10",
        "--set", "metrics.podMonitor.enabled=true,metrics.podMonitor.interval=1s",
        "--set", "metrics.members.enabled=true,metrics.members.interval=1s",
        "--set", "metrics.prometheusRule.enabled=true",
    ];

    private readonly TempDirectory _folder = new();
    private readonly ConcurrentQueue<string> _log = new();
    private SandboxCluster _sandbox = null!;
    private Helm _helm = null!;
    private string _known = "";

    internal PrometheusRun Prometheus { get; private set; } = null!;

    internal SandboxClient Client => _sandbox.Client;

    internal Kubectl Kubectl { get; private set; } = null!;

    /// <summary>All alerts of the chart.</summary>
    internal IReadOnlyList<JsonObject> Rules { get; private set; } = [];

    /// <summary>Waits until something is so, while Prometheus is told of pods that come and go.</summary>
    internal async Task UntilAsync(string what, Func<Task<string?>> missing)
    {
        using var timer = new PeriodicTimer(Look);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            await DiscoverAsync();
            if (await missing() is not { } left)
                return;
            Assert.True(
                Stopwatch.GetElapsedTime(start) < Patience,
                $"Not {what}: {left}\n{string.Join('\n', _log.TakeLast(20))}\n{Prometheus.Log}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Applies a KvCluster, and does not wait for it.</summary>
    internal Task ApplyAsync(string name, string spec) => Kubectl.RunWithAsync(
        $$"""
        { "apiVersion": "kvoperator.io/v1", "kind": "KvCluster", "metadata": { "name": "{{name}}" }, "spec": {{spec}} }
        """,
        "apply", "-f", "-");

    internal Task UntilReadyAsync(string name) => UntilAsync($"{name} is ready", async () =>
    {
        JsonObject cluster = await Client.GetAsync(ObjectPath.Of("kvoperator.io/v1", "kvclusters", "default", name));
        bool isReady = cluster.Items("status", "conditions").Any(each =>
            each.Text("type") == "Ready" && each.Text("status") == "True");
        return isReady ? null : cluster["status"]?.ToJsonString() ?? "no status";
    });

    /// <summary>Where a member serves clients.</summary>
    internal async Task<string> UrlOfAsync(string member)
    {
        JsonObject pod = await Client.GetAsync(ObjectPath.Core("pods", "default", member));
        return $"http://{pod.Text("status", "podIP")}:2379";
    }

    /// <summary>The real etcdctl.</summary>
    internal static Task<(int Code, string Output, string Error)> EtcdctlAsync(string[] urls, params string[] words)
    {
        var start = new ProcessStartInfo("etcdctl", ["--endpoints", string.Join(',', urls), .. words]);
        start.Environment["ETCDCTL_API"] = "3";
        return Tool.TryAsync(start, TimeSpan.FromSeconds(30));
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
        Kubectl = new Kubectl(_sandbox.KubeconfigPath, _folder["cache"]);
        _helm = new Helm(_sandbox.KubeconfigPath);
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(ChartFiles.Operator, Values);
        Rules = await WriteConfigAsync(rendered);

        // The API server has no definitions of monitors: they are for the operator of Prometheus, which is not here.
        await _helm.RunAsync(
            ["install", "rel", ChartFiles.Operator, "--namespace", "site", "--create-namespace", "--wait",
                "--timeout", "100s", .. Values,
                "--set", "metrics.podMonitor.enabled=false,metrics.members.enabled=false",
                "--set", "metrics.prometheusRule.enabled=false"]);
        Prometheus = new PrometheusRun(_folder.Path);
        await UntilAsync("Prometheus is ready", async () => await Prometheus.IsReadyAsync() ? null : "it is not");
    }

    public async ValueTask DisposeAsync()
    {
        Prometheus?.Dispose();
        _helm?.Dispose();
        if (_sandbox is not null)
            await _sandbox.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>What to scrape beside the pods.</summary>
    internal async Task AddTargetAsync(string address, JsonObject labels)
    {
        string text = new JsonArray(
            new JsonObject { ["targets"] = new JsonArray(address), ["labels"] = labels }).ToJsonString();
        await WriteAsync("others.json", text);
    }

    private async Task DiscoverAsync()
    {
        JsonObject pods = await Client.GetAsync(ObjectPath.Core("pods"));
        string text = PodMonitors.Targets(pods.Items("items")).ToJsonString();
        if (text == _known)
            return;
        await WriteAsync("targets.json", text);
        _known = text;
    }

    /// <summary>Under another name first: Prometheus reads the file as soon as it is there.</summary>
    private async Task WriteAsync(string name, string text)
    {
        await File.WriteAllTextAsync(_folder[$"{name}.new"], text);
        File.Move(_folder[$"{name}.new"], _folder[name], overwrite: true);
    }

    private async Task<JsonObject[]> WriteConfigAsync(IReadOnlyList<JsonObject> rendered)
    {
        JsonObject[] groups =
        [
            .. rendered.Single(each => each.Text("kind") == "PrometheusRule").Items("spec", "groups")
                .Select(each => each.DeepClone().AsObject()),
        ];
        JsonObject[] rules = [.. groups.SelectMany(each => each.Items("rules"))];
        foreach (JsonObject rule in rules)
            rule.Remove("for");
        await File.WriteAllTextAsync(
            _folder["rules.yml"], new JsonObject { ["groups"] = new JsonArray([.. groups]) }.ToJsonString());

        IEnumerable<JsonNode> jobs = rendered.Where(each => each.Text("kind") == "PodMonitor")
            .Select(each => PodMonitors.ScrapeConfig(each, _folder["targets.json"]));
        JsonObject others = new()
        {
            ["job_name"] = "others",
            ["scrape_interval"] = "1s",
            ["file_sd_configs"] = new JsonArray(new JsonObject { ["files"] = new JsonArray(_folder["others.json"]) }),
        };
        JsonObject config = new()
        {
            ["global"] = new JsonObject { ["evaluation_interval"] = "1s", ["scrape_timeout"] = "1s" },
            ["rule_files"] = new JsonArray(_folder["rules.yml"]),
            ["scrape_configs"] = new JsonArray([.. jobs, others]),
        };
        await File.WriteAllTextAsync(_folder["prometheus.yml"], config.ToJsonString());
        return rules;
    }
}
