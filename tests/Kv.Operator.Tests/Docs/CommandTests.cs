using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kv.Operator.Tests.Charts;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Docs;

/// <summary>Every command in the documentation is run, or it is said which test does so, or why none can.</summary>
public sealed partial class CommandTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>, IDisposable
{
    private readonly TempDirectory _folder = new();

    [Fact]
    public void Every_command_has_its_line_in_the_table_and_every_line_a_command()
    {
        string[] unknown =
        [
            .. DocCommand.All.Where(command => CommandTable.LineOf(command) < 0)
                .Select(command => $"{command.Document}: {command.Text}"),
        ];
        string[] unused =
        [
            .. CommandTable.Lines.Index()
                .Where(line => DocCommand.All.All(command => CommandTable.LineOf(command) != line.Index))
                .Select(line => line.Item.Begins),
        ];

        Assert.Empty(unknown);
        Assert.Empty(unused);
        Assert.Empty(CommandTable.Names.Except(DocCommand.Named));
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

    /// <summary>A comparison is worth what shows it.</summary>
    [Fact]
    public void The_tests_that_the_comparison_names_are_there()
    {
        string readme = File.ReadAllText(Path.Combine(ChartFiles.Root, "README.md"));
        string sources = string.Join('\n', Directory.EnumerateFiles(
            Path.Combine(ChartFiles.Root, "tests"), "*.cs", SearchOption.AllDirectories).Select(File.ReadAllText));
        string[] named =
        [
            .. TestNames().Matches(readme).Select(match => match.Groups[1].Value).Distinct(),
        ];

        Assert.InRange(named.Length, 5, 50);
        Assert.All(named, name => Assert.Contains($" class {name}", sources, StringComparison.Ordinal));
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
            .. DocCommand.All.Where(command => CommandTable.HowOf(command) is { IsRun: true })
                .Select(command => command.Text).Distinct(),
        ];

        await DocShell.RunAsync(
            commands.Select(command => (command, In(space, command))),
            "PATH=$KV_PROGRAMS:$PATH",
            new Dictionary<string, string>
            {
                ["KUBECONFIG"] = await ConfigureAsync(space),
                ["KUBECACHEDIR"] = _folder["cache"],
                ["KV_PROGRAMS"] = AppContext.BaseDirectory,
            },
            TimeSpan.FromSeconds(120));

        Assert.InRange(commands.Length, 15, 100);
    }

    public void Dispose() => _folder.Dispose();

    [GeneratedRegex(@"`(\w+(?:Tests|Scenarios))`")]
    private static partial Regex TestNames();

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
