using System.Text.RegularExpressions;
using Kv.Operator.Tests.Charts;
using Kv.Operator.Tests.Sandbox;
using Kv.Testing;

namespace Kv.Operator.Tests.Docs;

/// <summary>The examples in YAML: an API server takes those that are objects, or parts of one, and Helm those that are
/// values.</summary>
public sealed partial class ExampleTests(ApiServerFixture api) : IClassFixture<ApiServerFixture>, IDisposable
{
    private const string Chart = "charts/kv-operator/README.md";
    private const string Operator = "operator/README.md";

    private static readonly string[] Documents = [Operator, Chart, "charts/kv-cluster/README.md", "README.md"];

    private readonly TempDirectory _folder = new();

    public static TheoryData<string, string> Examples
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (string document in Documents)
            {
                string text = File.ReadAllText(Path.Combine(ChartFiles.Root, document));
                foreach (Match block in Blocks().Matches(text))
                    all.Add(document, block.Groups[1].Value);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Examples))]
    public async Task An_example_is_taken(string document, string yaml)
    {
        if (document == Chart)
        {
            string values = _folder["values.yaml"];
            await File.WriteAllTextAsync(values, yaml);
            using var helm = new Helm();
            Assert.NotEmpty(await helm.RenderAsync(ChartFiles.Operator, "--values", values));
            return;
        }

        await api.ClustersDefinedAsync();
        string space = await api.NamespaceAsync();
        (int code, string output, string error) = await api.Kubectl.TryAsync(
            ["apply", "--dry-run=server", "--validate=strict", "--namespace", space, "-f", "-"], Whole(yaml));
        // Where one of several ways is to be chosen, all of them are no cluster: what counts is that each is known.
        bool hasChoice = Choice().IsMatch(yaml);
        Assert.True(code == 0 || hasChoice, output + error);
        Assert.DoesNotContain("unknown field", output + error, StringComparison.Ordinal);
    }

    [Fact]
    public void There_are_examples() => Assert.InRange(Examples.Count, 8, 50);

    public void Dispose() => _folder.Dispose();

    /// <summary>The object that an example is a part of.</summary>
    private static string Whole(string yaml)
    {
        const string Head = "apiVersion: kvoperator.io/v1\nkind: KvCluster\nmetadata: { name: demo }\n";
        if (yaml.StartsWith("apiVersion:", StringComparison.Ordinal))
            return yaml;
        return yaml.StartsWith("spec:", StringComparison.Ordinal)
            ? Head + yaml
            : $"{Head}spec:\n{LineStart().Replace(yaml, "  ")}";
    }

    [GeneratedRegex("(?ms)^```yaml\n(.*?)^```$")]
    private static partial Regex Blocks();

    [GeneratedRegex("(?m)(# |; )or$")]
    private static partial Regex Choice();

    [GeneratedRegex("(?m)^(?=.)")]
    private static partial Regex LineStart();
}
