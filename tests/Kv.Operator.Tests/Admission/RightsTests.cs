using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kv.Operator.Tests.Sandbox;
using Kv.Operator.Tests.Scenarios;
using Kv.Sandbox.ApiServer.Access;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Client;
using Kv.Sandbox.Cluster;
using Kv.Sandbox.Json;
using Kv.Sandbox.Kubelet;
using Kv.Testing;

namespace Kv.Operator.Tests.Admission;

/// <summary>The rules that the operator is installed with are what it needs and no more: the API server of the sandbox
/// holds it to them, and hears everything that it asks for in the life of a cluster with all the trimmings.</summary>
public sealed class RightsTests : IAsyncLifetime
{
    private const string Account = "kv-operator";
    private const string User = $"system:serviceaccount:{Account}:{Account}";
    private const string Space = "data";

    /// <summary>The first is asked for by an admission plugin that some API servers have, and the sandbox has not; the
    /// second where a claim names no storage class and is not bound.</summary>
    private static readonly (string Verb, string Group, string Resource)[] OfOtherPlaces =
    [
        ("update", "kvoperator.io", "kvclusters/finalizers"), ("update", "kvoperator.io", "kvsnapshots/finalizers"),
        ("list", "storage.k8s.io", "storageclasses"),
    ];

    /// <summary>Asked for where cert-manager is the issuer: see <see cref="CertManagerTests"/>.</summary>
    private static readonly string[] OfCertManager = ["certificates"];

    /// <summary>What the operator can do without, where it may only look at some namespaces.</summary>
    private static readonly string[] OfTheWholeCluster = ["nodes", "storageclasses"];

    private readonly TempDirectory _folder = new();
    private readonly ConcurrentQueue<string> _log = new();
    private readonly ConcurrentDictionary<(string Verb, string Group, string Resource), bool> _heard = new();
    private SandboxCluster _sandbox = null!;

    [Fact]
    public async Task Every_rule_is_used_and_none_is_missing()
    {
        JsonObject role = Manifests().Single(each => each.Text("kind") == "ClusterRole");
        await ApplyAsync(Manifests().Where(each => each.Text("kind") != "Pod"));
        using OperatorRun run = await StartAsync(
            "--namespaces", "", "--leader-elect", "true", "--lease-namespace", Account);

        await LiveAsync(run);

        Assert.Empty(_heard.Where(each => !each.Value).Select(each => each.Key));
        Assert.Empty(_heard.Keys.Except(Granted(role)));
        Assert.Equal(
            OfOtherPlaces, Granted(role).Except(_heard.Keys).Where(each => !OfCertManager.Contains(each.Resource)));
    }

    [Fact]
    public async Task In_a_namespace_of_its_own_the_operator_needs_nothing_outside()
    {
        JsonObject role = Manifests().Single(each => each.Text("kind") == "ClusterRole");
        await ApplyAsync(Manifests().Where(each => each.Text("kind") is "Namespace" or "ServiceAccount"));
        await ApplyAsync(Namespaced(role));
        using OperatorRun run = await StartAsync(
            "--namespaces", Space, "--leader-elect", "true", "--lease-namespace", Space);

        await LiveAsync(run);

        Assert.Empty(_heard.Where(each => !each.Value).Select(each => each.Key.Resource).Distinct()
            .Except(OfTheWholeCluster));
    }

    public async ValueTask InitializeAsync()
    {
        _sandbox = await SandboxCluster.StartAsync(
            new SandboxOptions
            {
                Directory = _folder["sandbox"],
                Images = new ImageTable().Add("kv-node", StoreNode.Program),
                Log = _log.Enqueue,
            },
            TestContext.Current.CancellationToken);
        _sandbox.Server.Parts.Access.Heard = (who, question, isAllowed) =>
        {
            if (who.Name == User && question.Resource.Length > 0)
                Hear(question, isAllowed);
        };
        foreach (string file in Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "crds")))
            await ApplyAsync(YamlReader.Read(await File.ReadAllTextAsync(file)));
        await _sandbox.Client.CreateAsync("/api/v1/namespaces", Object("v1", "Namespace", Space));
    }

    public async ValueTask DisposeAsync()
    {
        await _sandbox.DisposeAsync();
        _folder.Dispose();
    }

    private void Hear(AccessQuestion question, bool isAllowed) => _heard.AddOrUpdate(
        (question.Verb, question.Group, question.Resource), isAllowed, (_, before) => before && isAllowed);

    /// <summary>A cluster with all that the operator makes objects for, from its first member to its end.</summary>
    private async Task LiveAsync(OperatorRun run)
    {
        string path = ObjectPath.Of("kvoperator.io/v1", "kvclusters", Space);
        JsonObject cluster = Object("kvoperator.io/v1", "KvCluster", "full");
        cluster["spec"] = JsonFields.ParseObject(
            """
            {
              "replicas": 1,
              "storage": { "size": "100Mi", "retention": { "whenDeleted": "Delete" } },
              "tls": { "client": {}, "peer": {} },
              "networkPolicy": { "enabled": true }
            }
            """);
        await _sandbox.Client.CreateAsync(path, cluster);
        await UntilReadyAsync(path, run);

        // One that begins with a snapshot, for which it looks.
        JsonObject copy = Object("kvoperator.io/v1", "KvCluster", "copy");
        copy["spec"] = JsonFields.ParseObject(
            """{ "replicas": 1, "bootstrap": { "fromSnapshot": { "name": "none" } } }""");
        await _sandbox.Client.CreateAsync(path, copy);
        await UntilHeardAsync(run, ("get", "kvoperator.io", "kvsnapshots"));
        await _sandbox.Client.DeleteAsync(path + "/copy");

        await ChangeAsync(
            path, """{ "spec": { "storage": { "size": "200Mi" }, "options": { "logLevel": "Warn" } } }""");
        await UntilReadyAsync(path, run);
        await ChangeAsync(path,
            """
            {
              "metadata": { "annotations": { "kvoperator.io/rotate-authority": "1" } },
              "spec": { "networkPolicy": { "enabled": false }, "disruption": { "enabled": false } }
            }
            """);
        await UntilHeardAsync(run, ("update", "", "secrets"), ("delete", "networking.k8s.io", "networkpolicies"),
            ("delete", "policy", "poddisruptionbudgets"));

        await LiveWithSnapshotsAsync(path, run);

        // What is done again is the same event, which is counted up and not written anew.
        await ChangeAsync(path, """{ "spec": { "options": { "logLevel": "Error" } } }""");
        await UntilReadyAsync(path, run);
        await UntilHeardAsync(run, ("patch", "events.k8s.io", "events"));
        await _sandbox.Client.DeleteAsync(path + "/full");
        await UntilAsync(run, "be gone", async () => await _sandbox.Client.FindAsync(path + "/full") is null);
    }

    /// <summary>One snapshot of a schedule takes the place of another.</summary>
    private async Task LiveWithSnapshotsAsync(string path, OperatorRun run)
    {
        JsonObject claim = Object("v1", "PersistentVolumeClaim", "backups");
        claim["spec"] = JsonFields.ParseObject(
            """{ "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "100Mi" } } }""");
        await _sandbox.Client.CreateAsync(ObjectPath.Core("persistentvolumeclaims", Space), claim);
        JsonObject cluster = await _sandbox.Client.GetAsync(path + "/full");
        JsonObject snapshot = Object("kvoperator.io/v1", "KvSnapshot", "old");
        snapshot["metadata"]!["labels"] = new JsonObject { ["kvoperator.io/snapshot-schedule"] = "full" };
        snapshot["metadata"]!["annotations"] =
            new JsonObject { ["kvoperator.io/cluster-uid"] = cluster.Text("metadata", "uid") };
        snapshot["spec"] = JsonFields.ParseObject(
            """
            {
              "cluster": "full", "deletionPolicy": "Delete",
              "destination": { "persistentVolumeClaim": { "claimName": "backups" } }
            }
            """);
        await _sandbox.Client.CreateAsync(ObjectPath.Of("kvoperator.io/v1", "kvsnapshots", Space), snapshot);
        await ChangeAsync(
            path,
            """
            {
              "spec": { "snapshots": {
                "schedule": "0 0 1 1 *", "immediate": true, "retention": { "keepLast": 1 },
                "destination": { "persistentVolumeClaim": { "claimName": "backups" } }
              } }
            }
            """);
        await UntilHeardAsync(run, ("create", "kvoperator.io", "kvsnapshots"), ("delete", "batch", "jobs"),
            ("delete", "kvoperator.io", "kvsnapshots"), ("update", "kvoperator.io", "kvsnapshots"));
    }

    private Task<JsonObject> ChangeAsync(string path, string change) =>
        _sandbox.Client.MergeAsync(path + "/full", JsonFields.ParseObject(change));

    private Task UntilHeardAsync(OperatorRun run, params (string, string, string)[] all) =>
        UntilAsync(run, $"ask to {string.Join(", ", all)}", () => Task.FromResult(all.All(_heard.ContainsKey)));

    private Task UntilReadyAsync(string path, OperatorRun run) => UntilAsync(run, "be ready", async () =>
    {
        JsonObject found = await _sandbox.Client.GetAsync(path + "/full");
        bool hasPod = await _sandbox.Client.FindAsync(ObjectPath.Core("pods", Space, "full-0")) is { } pod
            && pod.Text("metadata", "deletionTimestamp") is null && SharedSandbox.IsReady(pod);
        return hasPod && found.Number("status", "observedGeneration") == found.Number("metadata", "generation")
            && found.Items("status", "conditions").Any(
                each => each.Text("type") == "Ready" && each.Text("status") == "True");
    });

    private async Task UntilAsync(OperatorRun run, string what, Func<Task<bool>> isSo)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        DateTime end = DateTime.UtcNow.AddSeconds(60);
        while (!await isSo())
        {
            Assert.True(
                DateTime.UtcNow < end, $"It does not {what}.\n{run.Output}\n{string.Join('\n', _log.TakeLast(20))}");
            await timer.WaitForNextTickAsync();
        }
    }

    private async Task<OperatorRun> StartAsync(params string[] flags)
    {
        JsonObject token = await _sandbox.Client.CreateAsync(
            ObjectPath.Core("serviceaccounts", Account, Account) + "/token",
            Object("authentication.k8s.io/v1", "TokenRequest", ""));
        string path = _folder["operator-kubeconfig"];
        Kubeconfig.Write(path, _sandbox.Url, _sandbox.AuthorityPem, token.Text("status", "token") ?? "", Space);
        var run = new OperatorRun(path, Space, [.. flags, "--image-repository", "kv-node"]);
        run.Start();
        return run;
    }

    private async Task ApplyAsync(IEnumerable<JsonObject> values)
    {
        var applier = new Applier(_sandbox.Client, "tests");
        foreach (JsonObject value in values)
            await applier.ApplyAsync(value.ToString(), CancellationToken.None);
    }

    private static IReadOnlyList<JsonObject> Manifests() => YamlReader.Read(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Manifests", "operator.yaml")));

    /// <summary>The same rules for one namespace, without what belongs to no namespace.</summary>
    private static IEnumerable<JsonObject> Namespaced(JsonObject clusterRole)
    {
        JsonObject role = Object("rbac.authorization.k8s.io/v1", "Role", Account);
        role["metadata"]!["namespace"] = Space;
        role["rules"] = new JsonArray(
        [
            .. clusterRole.Items("rules")
                .Where(rule => !rule.Texts("resources").Any(OfTheWholeCluster.Contains))
                .Select(rule => rule.DeepClone()),
        ]);
        yield return role;
        JsonObject binding = Object("rbac.authorization.k8s.io/v1", "RoleBinding", Account);
        binding["metadata"]!["namespace"] = Space;
        binding["roleRef"] = JsonFields.ParseObject(
            $$"""{ "apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "{{Account}}" }""");
        binding["subjects"] = new JsonArray(JsonFields.ParseObject(
            $$"""{ "kind": "ServiceAccount", "name": "{{Account}}", "namespace": "{{Account}}" }"""));
        yield return binding;
    }

    private static IEnumerable<(string Verb, string Group, string Resource)> Granted(JsonObject role) =>
        from rule in role.Items("rules")
        from verb in rule.Texts("verbs")
        from fromGroup in rule.Texts("apiGroups")
        from resource in rule.Texts("resources")
        select (verb, fromGroup, resource);

    private static JsonObject Object(string apiVersion, string kind, string name)
    {
        JsonObject value = new() { ["apiVersion"] = apiVersion, ["kind"] = kind };
        if (name.Length > 0)
            value["metadata"] = new JsonObject { ["name"] = name };
        return value;
    }
}
