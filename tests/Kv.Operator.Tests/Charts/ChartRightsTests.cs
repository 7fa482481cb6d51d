using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Charts;

/// <summary>The chart gives the operator the rules that <see cref="Admission.RightsTests"/> finds to be what it needs,
/// each where it is needed, and none besides.</summary>
public sealed class ChartRightsTests : IDisposable
{
    private static readonly string[] OfNoNamespace = ["nodes", "storageclasses"];

    private readonly Helm _helm = new();

    [Fact]
    public async Task All_rules_are_given_and_no_other()
    {
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(ChartFiles.Operator);

        Assert.Equal(Sorted(Needed()), Sorted(Roles(rendered).SelectMany(Granted)));
    }

    [Fact]
    public async Task The_lease_is_in_the_namespace_of_the_operator_alone()
    {
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(ChartFiles.Operator);

        JsonObject role = Assert.Single(Roles(rendered), each => Granted(each).Any(rule => rule.Resource == "leases"));
        Assert.Equal("Role", role.Text("kind"));
        Assert.Equal("site", role.Text("metadata", "namespace"));
        Assert.All(Granted(role), rule => Assert.Equal("leases", rule.Resource));
    }

    [Fact]
    public async Task For_some_namespaces_nothing_is_allowed_anywhere_else()
    {
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(
            ChartFiles.Operator, "--set", "watchNamespaces={team-a,team-b},rbac.clusterReads=false");
        JsonObject[] roles = [.. Roles(rendered)];

        Assert.All(roles, role => Assert.Equal("Role", role.Text("kind")));
        foreach (string space in new[] { "team-a", "team-b" })
        {
            JsonObject role = Assert.Single(roles, each => each.Text("metadata", "namespace") == space);
            Assert.Equal(
                Sorted(Needed().Where(rule => rule.Resource != "leases" && !OfNoNamespace.Contains(rule.Resource))),
                Sorted(Granted(role)));
        }

        Assert.Equal(3, roles.Length);
    }

    [Fact]
    public async Task For_some_namespaces_what_is_read_of_the_cluster_is_nodes_and_classes()
    {
        IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(
            ChartFiles.Operator, "--set", "watchNamespaces={team-a}");

        JsonObject role = Assert.Single(Roles(rendered), each => each.Text("kind") == "ClusterRole");
        Assert.Equal(
            Sorted(Needed().Where(rule => OfNoNamespace.Contains(rule.Resource))), Sorted(Granted(role)));
    }

    [Fact]
    public async Task Every_binding_is_to_a_role_that_is_there_and_to_the_account_of_the_pod()
    {
        foreach (string values in new[] { "rbac.create=true", "watchNamespaces={team-a}" })
        {
            IReadOnlyList<JsonObject> rendered = await _helm.RenderAsync(ChartFiles.Operator, "--set", values);
            string account = rendered.Single(each => each.Text("kind") == "Deployment").Text(
                "spec", "template", "spec", "serviceAccountName")!;
            JsonObject[] bindings =
                [.. rendered.Where(each => each.Text("kind")!.EndsWith("Binding", StringComparison.Ordinal))];
            Assert.All(bindings.SelectMany(each => each.Items("subjects")), subject => Assert.Equal(
                ("ServiceAccount", account, "site"),
                (subject.Text("kind"), subject.Text("name"), subject.Text("namespace"))));
            Assert.Equal(
                Roles(rendered).Select(each => Place(each, each.Text("kind"), each.Text("metadata", "name"))).Order(),
                bindings.Select(each =>
                    Place(each, each.Text("roleRef", "kind"), each.Text("roleRef", "name"))).Order());
        }
    }

    public void Dispose() => _helm.Dispose();

    private static string Place(JsonObject value, string? kind, string? name) =>
        $"{kind} {value.Text("metadata", "namespace")}/{name}";

    /// <summary>Roles of the operator, not those that are added to view and edit.</summary>
    private static IEnumerable<JsonObject> Roles(IEnumerable<JsonObject> rendered) => rendered.Where(each =>
        each.Text("kind") is "Role" or "ClusterRole"
        && !each.Pairs("metadata", "labels").Any(pair => pair.Key.Contains("aggregate-to", StringComparison.Ordinal)));

    private static IEnumerable<(string Verb, string Group, string Resource)> Needed() => Granted(YamlReader.Read(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Manifests", "operator.yaml")))
        .Single(each => each.Text("kind") == "ClusterRole"));

    private static IEnumerable<(string Verb, string Group, string Resource)> Granted(JsonObject role) =>
        from rule in role.Items("rules")
        from verb in rule.Texts("verbs")
        from fromGroup in rule.Texts("apiGroups")
        from resource in rule.Texts("resources")
        select (verb, fromGroup, resource);

    private static IEnumerable<string> Sorted(IEnumerable<(string Verb, string Group, string Resource)> rules) =>
        rules.Select(rule => $"{rule.Group}/{rule.Resource} {rule.Verb}").Order(StringComparer.Ordinal);
}
