using System.Diagnostics;
using System.Text.Json.Nodes;
using Kv.Operator.Tests.Charts;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Docs;

/// <summary>Every command in the documentation is run, or it is said which test does so, or why none can.</summary>
public sealed class CommandTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>, IDisposable
{
    private readonly TempDirectory _folder = new();

    [Fact]
    public void Every_command_has_its_line_in_the_table_and_every_line_a_command()
    {
        string[] unknown =
        [
            .. DocCommand.All.Where(command => LineOf(command) < 0)
                .Select(command => $"{command.Document}: {command.Text}"),
        ];
        string[] unused =
        [
            .. CommandTable.Lines.Index().Where(line => DocCommand.All.All(command => LineOf(command) != line.Index))
                .Select(line => line.Item.Begins),
        ];

        Assert.Empty(unknown);
        Assert.Empty(unused);
        Assert.InRange(DocCommand.All.Count, 40, 200);
        Assert.Empty(DocCommand.Unmarked);
    }

    [Fact]
    public void The_tests_that_are_named_are_there_and_speak_of_the_command()
    {
        foreach ((string begins, How how) in CommandTable.Lines.Where(line => line.How.File.Length > 0))
        {
            string source = File.ReadAllText(Path.Combine(ChartFiles.Root, "tests", how.File));
            Assert.Matches($@"\[(Fact|Theory)[^;]*? {how.Method}\(", source);
            Assert.All(how.Words, word => Assert.True(
                source.Contains(word, StringComparison.Ordinal), $"{how.File} does not say {word}, for {begins}."));
        }
    }

    /// <summary>As they stand, but for the names: in a shell, with a cluster called as in the documents, an API server
    /// and nobody who acts on what is asked.</summary>
    [Fact]
    public async Task Commands_that_can_be_run_here_succeed()
    {
        await api.ClustersDefinedAsync();
        string space = await api.NamespaceAsync();
        foreach (string name in new[] { "demo", "store", "heir" })
            await PrepareAsync(space, name);
        await api.Client.CreateAsync(ObjectPath.Of("coordination.k8s.io/v1", "leases", space), JsonFields.ParseObject(
            """
            { "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": "kv-operator" },
              "spec": { "holderIdentity": "nobody" } }
            """));
        string[] commands =
        [
            .. DocCommand.All
                .Where(command => LineOf(command) is >= 0 and var line && CommandTable.Lines[line].How.IsRun)
                .Select(command => command.Text).Distinct(),
        ];

        string script = string.Join('\n', commands.Select(command =>
            $"ran=$(cat <<'COMMAND'\n{command}\nCOMMAND\n)\n{In(space, command)}"));
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c",
            $"trap 'echo \"FAILED: $ran\" >&2' ERR\n{script}"])
        {
            WorkingDirectory = ChartFiles.Root,
        };
        start.Environment["KUBECONFIG"] = await ConfigureAsync(space);
        start.Environment["KUBECACHEDIR"] = _folder["cache"];
        (int code, string output, string error) = await Tool.TryAsync(start, TimeSpan.FromSeconds(120));

        Assert.True(code == 0, output + error);
        Assert.InRange(commands.Length, 15, 100);
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The line of the table that counts for a command; -1 if there is none.</summary>
    private static int LineOf(DocCommand command) => CommandTable.Lines.ToList()
        .FindIndex(line => command.Text.StartsWith(line.Begins, StringComparison.Ordinal));

    /// <summary>The command with the names of here in place of those that stand for any.</summary>
    private static string In(string space, string command) => command
        .Replace("--namespace data", $"--namespace {space}", StringComparison.Ordinal)
        .Replace("NAMESPACE", space, StringComparison.Ordinal)
        .Replace("MEMBER", "demo-0", StringComparison.Ordinal)
        .Replace("NAME", "demo", StringComparison.Ordinal);

    private async Task<string> ConfigureAsync(string space)
    {
        string path = _folder["kubeconfig"];
        Kubeconfig.Write(path, api.Server.Url, api.Server.AuthorityPem, SharedApiServer.AdminToken);
        await Tool.RunAsync(
            new ProcessStartInfo(
                "kubectl", ["--kubeconfig", path, "config", "set-context", "--current", "--namespace", space]),
            TimeSpan.FromSeconds(20));
        return path;
    }

    /// <summary>A cluster, and what an operator would have made of it as far as commands look at it.</summary>
    private async Task PrepareAsync(string space, string name)
    {
        string path = ObjectPath.Of("kvoperator.io/v1", "kvclusters", space);
        string bootstrap = name == "heir"
            ? """, "bootstrap": { "fromEtcd": { "endpoints": [ "http://10.0.0.7:2379" ] } }"""
            : "";
        await api.Client.CreateAsync(path, JsonFields.ParseObject(
            $$"""
            { "apiVersion": "kvoperator.io/v1", "kind": "KvCluster", "metadata": { "name": "{{name}}" },
              "spec": { "replicas": 3, "storage": { "size": "1Gi" }{{bootstrap}} } }
            """));
        await api.Client.MergeAsync($"{path}/{name}/status", JsonFields.ParseObject(
            """
            { "status": { "message": "All is as wanted.", "certificatesExpireAt": "2030-01-01T00:00:00Z",
              "snapshots": { "nextRun": "2030-01-01T00:00:00Z" }, "conditions": [
              { "type": "Ready", "status": "True", "reason": "AllAsWanted", "message": "",
                "lastTransitionTime": "2026-01-01T00:00:00Z" } ] } }
            """));
        foreach ((string kind, string made, string spec) in new[]
        {
            ("Secret", $"{name}-ca", "{}"),
            ("Pod", $"{name}-0", """{ "containers": [ { "name": "node", "image": "kv-node" } ] }"""),
            ("PersistentVolumeClaim", $"data-{name}-0",
                """{ "accessModes": [ "ReadWriteOnce" ], "resources": { "requests": { "storage": "1Gi" } } }"""),
        })
        {
            JsonObject value = JsonFields.ParseObject(
                $$"""
                { "apiVersion": "v1", "kind": "{{kind}}",
                  "metadata": { "name": "{{made}}", "labels": { "kvoperator.io/cluster": "{{name}}" } } }
                """);
            if (kind != "Secret")
                value["spec"] = JsonFields.ParseObject(spec);
            await api.Client.CreateAsync(ObjectPath.Core($"{kind.ToLowerInvariant()}s", space), value);
        }
    }
}
