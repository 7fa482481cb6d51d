using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Kv.Operator.Tests.Scenarios;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Monitoring;

/// <summary>What alerts are for is done to real clusters and an operator, and they fire in a real Prometheus.</summary>
[Collection(ScenarioCollection.Name)]
public sealed class StagedAlertTests(MonitoredSandbox site) : IClassFixture<MonitoredSandbox>
{
    private const string One = """{ "replicas": 1, "storage": { "size": "1Gi" } }""";

    /// <summary>What cannot be done here within minutes. Their expressions are tried by promtool on series that are
    /// made up, and all figures in them are scraped (<see cref="ScrapeTests"/>).</summary>
    private static readonly Dictionary<string, string> NotStaged = new()
    {
        ["KvClusterCorrupt"] = "takes members of different data, and too few others to replace them",
        ["KvClusterVolumeNearFull"] = "the kubelet of the sandbox measures no volumes",
        ["KvMemberLagging"] = "takes a member that answers while it is 5000 entries behind",
        ["KvMemberFragmented"] = "takes a store of more than 1 GiB",
        ["KvMemberSlowFsync"] = "takes a slow disk",
        ["KvMemberSlowCommit"] = "takes a slow disk",
        ["KvMemberSlowPeer"] = "takes a slow network",
        ["KvMemberManyFiles"] = "takes as many connections as a process may have files",
        ["KvOperatorWatchStale"] = "takes ten minutes without an answer of the API",
        ["KvOperatorStuck"] = "takes seven minutes for one pass",
    };

    [Fact]
    public async Task What_can_be_staged_fires()
    {
        var staged = new List<string>(NotStaged.Keys);
        await StageAsync(
            staged, BeginAsync,
            "KvClusterSpecInvalid", "KvClusterNotReady", "KvClusterBackupMissing", "KvClusterCertificateExpiring");
        await StageAsync(staged, LearnAsync, "KvMemberLearnerStuck", "KvClusterPausedTooLong");
        await StageAsync(
            staged, FillAsync,
            "KvMemberStoreNearQuota", "KvMemberAlarm", "KvClusterStoreFull", "KvClusterSnapshotFailing");
        await StageAsync(staged, LoseDataAsync, "KvClusterDataLost", "KvClusterMembersOnOneNode");
        await StageAsync(staged, MoveLeaderAsync, "KvMemberLeaderFlapping");
        await StageAsync(staged, RollAsync, "KvClusterRolloutStalled", "KvClusterDegraded");
        await StageAsync(
            staged, LoseQuorumAsync,
            "KvClusterNoQuorum", "KvClusterMemberDown", "KvMemberNoLeader", "KvMemberProposalsFailing");
        await StageAsync(staged, TakeRightsAsync, "KvOperatorReconcileErrors");
        await StageAsync(staged, EndOperatorAsync, "KvOperatorNotLeading");

        Assert.Equal(site.Rules.Select(rule => rule.Text("alert")!).Distinct().Order(), staged.Order());
    }

    private async Task StageAsync(List<string> staged, Func<Task> happen, params string[] alerts)
    {
        await happen();
        await site.UntilAsync("fired", async () =>
        {
            string[] left = [.. alerts.Except(await site.Prometheus.FiredAsync())];
            return left.Length == 0 ? null : string.Join(", ", left);
        });
        staged.AddRange(alerts);
    }

    /// <summary>Three clusters, and a fourth that cannot be; a schedule for which there is no clock; a certificate that
    /// nobody renewed.</summary>
    private async Task BeginAsync()
    {
        TestCertificate old = new TestAuthority().Issue("small", new() { End = TimeSpan.FromHours(12) });
        await site.Kubectl.RunAsync(
            "create", "secret", "generic", "old", $"--from-literal=tls.crt={old.ChainPem}",
            $"--from-literal=tls.key={old.KeyPem}", $"--from-literal=ca.crt={old.ChainPem}");
        await site.ApplyAsync("demo", One);
        await site.ApplyAsync(
            "small",
            """
            { "replicas": 1, "storage": { "size": "1Gi", "quota": "16Mi" },
              "tls": { "peer": { "issuer": "Secret", "secretName": "old" } } }
            """);
        await site.ApplyAsync(
            "crowd",
            """
            { "replicas": 2, "scheduling": { "nodeSelector": { "kubernetes.io/hostname": "node-a" } },
              "snapshots": { "schedule": "0 0 * * *", "timeZone": "Mars/Olympus",
                "destination": { "persistentVolumeClaim": { "claimName": "backups" } } } }
            """);
        await site.ApplyAsync("typo", """{ "defragmentation": { "threshold": "99999999999Ti" } }""");
        await site.UntilReadyAsync("demo");
        await site.UntilReadyAsync("small");
    }

    /// <summary>Paused as soon as there is a learner, a cluster gives no vote.</summary>
    private async Task LearnAsync()
    {
        await ChangeAsync("demo", """{ "replicas": 3 }""");
        await site.UntilAsync("there is a second member", async () =>
            await site.Client.FindAsync(ObjectPath.Core("pods", "default", "demo-1")) is null ? "it is not" : null);
        await ChangeAsync("demo", """{ "paused": true }""");
    }

    /// <summary>A store up to its quota, and a snapshot that nobody takes.</summary>
    private async Task FillAsync()
    {
        await ChangeAsync("demo", """{ "paused": false }""");
        await site.Kubectl.RunAsync(
            "create", "secret", "generic", "access", "--from-literal=accessKeyId=a",
            "--from-literal=secretAccessKey=b");
        await site.Kubectl.RunWithAsync(
            """
            { "apiVersion": "kvoperator.io/v1", "kind": "KvSnapshot", "metadata": { "name": "futile" },
              "spec": { "cluster": "small", "deadline": "1m", "destination": { "s3": {
                "bucket": "none", "endpoint": "http://127.0.0.1:1", "credentialsSecret": "access" } } } }
            """,
            "apply", "-f", "-");
        const int PutsMax = 1000;
        byte[] value = new byte[128 * 1024];
        using var http = new HttpClient();
        string url = $"{await site.UrlOfAsync("small-0")}/v3/kv/put";
        for (int number = 0; number < PutsMax; number++)
        {
            new Random(number).NextBytes(value);
            JsonObject put = new()
            {
                ["key"] = Convert.ToBase64String(BitConverter.GetBytes(number)),
                ["value"] = Convert.ToBase64String(value),
            };
            using HttpResponseMessage answer = await http.PostAsJsonAsync(url, put);
            if (!answer.IsSuccessStatusCode)
                return;
        }

        Assert.Fail($"After {PutsMax} puts there is still room.");
    }

    private async Task LoseDataAsync()
    {
        await site.UntilReadyAsync("crowd");
        await site.ApplyAsync("solo", One);
        await site.UntilReadyAsync("solo");
        await site.Kubectl.RunAsync("delete", "pvc/data-solo-0", "pod/solo-0", "--wait=false");
    }

    private async Task MoveLeaderAsync()
    {
        await site.UntilReadyAsync("demo");
        string[] urls = await Task.WhenAll(Enumerable.Range(0, 3).Select(number => site.UrlOfAsync($"demo-{number}")));
        for (int move = 0; move < 6; move++)
        {
            (_, string list, _) = await MonitoredSandbox.EtcdctlAsync(urls, "endpoint", "status", "-w", "json");
            JsonObject[] all = [.. JsonNode.Parse(list)!.AsArray().Select(each => each!["Status"]!.AsObject())];
            ulong leader = all[0]["leader"]!.GetValue<ulong>();
            ulong other = all.Select(each => each["header"]!["member_id"]!.GetValue<ulong>())
                .First(id => id != leader);
            (int code, string output, string error) =
                await MonitoredSandbox.EtcdctlAsync(urls, "move-leader", $"{other:x}");
            Assert.True(code == 0, output + error);
        }
    }

    private Task RollAsync() => ChangeAsync("demo", """{ "image": "nowhere/kv-node:3.7.1" }""");

    /// <summary>Two of three members are gone, and their operator may not make them anew.</summary>
    private async Task LoseQuorumAsync()
    {
        await ChangeAsync("demo", """{ "image": null }""");
        await site.UntilReadyAsync("demo");
        await ChangeAsync("demo", """{ "paused": true }""");
        await site.Kubectl.RunAsync("delete", "pod/demo-1", "pod/demo-2", "--now");
        string left = await site.UrlOfAsync("demo-0");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(number =>
            MonitoredSandbox.EtcdctlAsync([left], "--command-timeout=8s", "put", $"futile{number}", "1")));
    }

    private async Task TakeRightsAsync()
    {
        await site.Kubectl.RunAsync("delete", "clusterrolebinding", "site-rel-kv-operator");
        await site.Kubectl.RunAsync("delete", "kvc", "--all", "--wait=false");
    }

    private Task EndOperatorAsync() =>
        site.Kubectl.RunAsync("scale", "deployment/rel-kv-operator", "--namespace", "site", "--replicas=0");

    private Task<JsonObject> ChangeAsync(string name, string spec) => site.Client.MergeAsync(
        ObjectPath.Of("kvoperator.io/v1", "kvclusters", "default", name),
        new JsonObject { ["spec"] = JsonFields.ParseObject(spec) });
}
