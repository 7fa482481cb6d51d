using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Charts;

/// <summary>Dashboards that Grafana can load, and that name no data source of their own.</summary>
public sealed class DashboardTests : IDisposable
{
    private readonly Helm _helm = new();

    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Folder, "*.json").Select(path => Path.GetFileName(path))];

    private static string Folder => Path.Combine(ChartFiles.Operator, "files", "dashboards");

    /// <summary>What all panels ask Prometheus.</summary>
    public static IEnumerable<string> Expressions() => Directory.EnumerateFiles(Folder, "*.json").SelectMany(path =>
        PanelsOf(JsonFields.ParseObject(File.ReadAllText(path)))
            .SelectMany(panel => panel.Items("targets").Select(target => target.Text("expr") ?? "")));

    [Theory]
    [MemberData(nameof(Files))]
    public void Panels_have_titles_units_and_places_of_their_own(string name)
    {
        JsonObject dashboard = JsonFields.ParseObject(File.ReadAllText(Path.Combine(Folder, name)));
        JsonObject[] panels = [.. PanelsOf(dashboard)];

        Assert.InRange(panels.Length, 6, 60);
        Assert.Equal(panels.Length, panels.Select(each => each.Number("id")).Distinct().Count());
        Assert.Equal(panels.Length, panels.Select(each => each["gridPos"]!.ToJsonString()).Distinct().Count());
        Assert.Equal("datasource", dashboard.Items("templating", "list").First().Text("name"));
        foreach (JsonObject panel in panels.Where(each => each.Text("type") != "row"))
        {
            Assert.NotEmpty(panel.Text("title")!);
            Assert.NotNull(panel.Text("fieldConfig", "defaults", "unit"));
            Assert.Equal("${datasource}", panel.Text("datasource", "uid"));
            Assert.NotEmpty(panel.Items("targets"));
            Assert.All(panel.Items("targets"), target => Assert.NotEmpty(target.Text("expr")!));
        }
    }

    [Fact]
    public async Task A_config_map_has_each_as_it_is()
    {
        JsonObject[] maps =
        [
            .. (await _helm.RenderAsync(ChartFiles.Operator, "--set", "dashboards.enabled=true"))
                .Where(each => each.Text("kind") == "ConfigMap"),
        ];

        Assert.Equal(Files.Count, maps.Length);
        foreach (JsonObject map in maps)
        {
            Assert.Equal("1", map.Text("metadata", "labels", "grafana_dashboard"));
            (string name, string text) = map.Pairs("data").Single();
            Assert.Equal((await File.ReadAllTextAsync(Path.Combine(Folder, name))).TrimEnd(), text.TrimEnd());
        }
    }

    public void Dispose() => _helm.Dispose();

    private static IEnumerable<JsonObject> PanelsOf(JsonObject dashboard) => dashboard.Items("panels");
}
