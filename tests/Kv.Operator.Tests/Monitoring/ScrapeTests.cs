using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kv.Operator.Tests.Charts;
using Kv.Operator.Tests.Scenarios;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Monitoring;

/// <summary>A real Prometheus scrapes an operator, a cluster of ours that is well, and a real etcd: it takes all that
/// it is told, every panel of every dashboard shows something, every figure of an alert is there, and nothing
/// fires.</summary>
[Collection(ScenarioCollection.Name)]
public sealed partial class ScrapeTests(MonitoredSandbox site) : IClassFixture<MonitoredSandbox>
{
    private const string Etcd = "etcd-0";

    private static readonly string[] OfMembers = ["clusters.json", "member.json"];
    private static readonly string[] All = [.. OfMembers, "operator.json"];

    /// <summary>What these show has not happened: nothing is wrong. <see cref="StagedAlertTests"/> sees it
    /// happen.</summary>
    private static readonly string[] EmptyWhileWell = ["What is wrong", "Calls that failed", "What failed to be sent"];

    /// <summary>What an etcd that has no operator and no peers cannot say; it counts ranges from 3.6 on.</summary>
    private static readonly string[] EmptyForEtcd =
    [
        .. EmptyWhileWell, "Clusters", "Round trip between members, p99", "Round trips to peers, p99",
        "To and from peers", "Ranges",
    ];

    private static readonly string[] NotWhileWell =
    [
        "kvcluster_degraded", "etcd_debugging_server_alarms",
        "kubelet_volume_stats_available_bytes", "kubelet_volume_stats_capacity_bytes", // the kubelet's own
    ];

    [Fact]
    public async Task Every_panel_shows_something_of_a_cluster_and_of_an_etcd_and_nothing_fires()
    {
        await site.ApplyAsync(
            "demo",
            """
            { "storage": { "size": "1Gi" }, "tls": { "peer": {} },
              "snapshots": { "schedule": "0 0 1 1 *",
                "destination": { "persistentVolumeClaim": { "claimName": "backups" } } } }
            """);
        using var folder = new TempDirectory();
        string client = $"127.0.0.1:{StoreNode.FreePort(IPAddress.Loopback)}";
        using Process etcd = StartEtcd(folder["etcd"], client);
        await site.AddTargetAsync(client, new JsonObject
        {
            ["namespace"] = "old",
            ["job"] = "etcd",
            ["instance"] = Etcd,
        });
        try
        {
            await site.UntilReadyAsync("demo");
            await LoadAsync(await site.UrlOfAsync("demo-0"), folder["ours.db"]);
            await LoadAsync($"http://{client}", folder["etcd.db"]);
            await site.UntilAsync("scraped", async () => Lines(await UnwellTargetsAsync()));
            await site.UntilAsync("shown", async () => Lines(await EmptyAsync("default", "demo", All, EmptyWhileWell)));
            await site.UntilAsync("shown", async () => Lines(await EmptyAsync("old", "etcd", OfMembers, EmptyForEtcd)));

            Assert.Empty(await MissingForAlertsAsync());
            Assert.Empty(await site.Prometheus.FiringAsync());
            Assert.Empty(site.Prometheus.Complaints);
        }
        finally
        {
            etcd.Kill();
            await etcd.WaitForExitAsync();
        }
    }

    /// <summary>Something of all that panels tell.</summary>
    private static async Task LoadAsync(string url, string file)
    {
        foreach (string line in new[]
        {
            "put a 1", "get a", "del a", "lease grant 60", $"snapshot save {file}", "endpoint status", "member list",
        })
        {
            (int code, string output, string error) = await MonitoredSandbox.EtcdctlAsync([url], line.Split(' '));
            Assert.True(code == 0, $"etcdctl {line}: {output}{error}");
        }

        (int refused, _, _) = await MonitoredSandbox.EtcdctlAsync([url], "get", "a", "--rev=100000");
        Assert.NotEqual(0, refused);
    }

    private static Process StartEtcd(string folder, string client)
    {
        RealEtcd.MustBeThere();
        string peer = $"http://127.0.0.1:{StoreNode.FreePort(IPAddress.Loopback)}";
        return Process.Start(new ProcessStartInfo(
            RealEtcd.Program,
            [
                "--name", Etcd, "--data-dir", folder, "--log-level", "error",
                "--listen-client-urls", $"http://{client}", "--advertise-client-urls", $"http://{client}",
                "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
                "--initial-cluster", $"{Etcd}={peer}",
            ]))!;
    }

    private async Task<IReadOnlyList<string>> UnwellTargetsAsync()
    {
        IReadOnlyList<JsonObject> targets = await site.Prometheus.TargetsAsync();
        string[] unwell =
        [
            .. targets.Where(each => each.Text("health") != "up")
                .Select(each => $"{each.Text("scrapeUrl")}: {each.Text("health")} {each.Text("lastError")}"),
        ];
        return targets.Count == 5 ? unwell : [.. unwell, $"{targets.Count} targets"]; // 3 members, operator, etcd
    }

    /// <summary>What dashboards ask for in vain: the values of their variables, then panel by panel.</summary>
    private async Task<IReadOnlyList<string>> EmptyAsync(
        string space, string job, IReadOnlyList<string> dashboards, IReadOnlyList<string> allowed)
    {
        var empty = new List<string>();
        foreach (string name in dashboards)
        {
            JsonObject dashboard = JsonFields.ParseObject(await File.ReadAllTextAsync(
                Path.Combine(ChartFiles.Operator, "files", "dashboards", name)));
            IEnumerable<(string Title, string Text)> asked =
            [
                .. dashboard.Items("templating", "list")
                    .Select(each => LabelValues().Match(each.Text("definition") ?? "")).Where(each => each.Success)
                    .Select(each => ("variable", $"group by ({each.Groups[2]}) ({each.Groups[1]})")),
                .. dashboard.Items("panels").SelectMany(panel => panel.Items("targets")
                    .Select(target => (panel.Text("title")!, target.Text("expr")!))),
            ];
            foreach ((string title, string text) in asked.Where(each => !allowed.Contains(each.Title)))
            {
                if ((await site.Prometheus.QueryAsync(In(name, space, job, text))).Count == 0)
                    empty.Add($"{name}: {title}: {text}");
            }
        }

        return empty;
    }

    /// <summary>As Grafana fills it in. The operator's figures of itself are of its own namespace.</summary>
    private static string In(string dashboard, string space, string job, string text) => text
        .Replace("$namespace", dashboard == "operator.json" ? "site" : space, StringComparison.Ordinal)
        .Replace("$job", job, StringComparison.Ordinal)
        .Replace("$instance", ".+", StringComparison.Ordinal)
        .Replace("$__rate_interval", "15s", StringComparison.Ordinal);

    private async Task<IReadOnlyList<string>> MissingForAlertsAsync()
    {
        IReadOnlyList<string> told = await site.Prometheus.NamesAsync();
        string[] used =
            [.. site.Rules.SelectMany(rule => AlertTests.FiguresOf(rule.Text("expr")!)).Distinct()];
        Assert.InRange(used.Length, 20, 100);
        return [.. used.Except(NotWhileWell).Except(told)];
    }

    private static string? Lines(IReadOnlyList<string> lines) => lines.Count == 0 ? null : string.Join('\n', lines);

    [GeneratedRegex(@"^label_values\((.+), (\w+)\)$")]
    private static partial Regex LabelValues();
}
