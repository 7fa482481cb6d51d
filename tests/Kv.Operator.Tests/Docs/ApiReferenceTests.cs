using System.Text.RegularExpressions;
using Kv.Operator.Tests.Charts;

namespace Kv.Operator.Tests.Docs;

public sealed partial class ApiReferenceTests
{
    private const string Rewrite = "KV_REWRITE";

    [Fact]
    public async Task The_reference_of_the_api_says_what_the_types_say()
    {
        string path = Path.Combine(ChartFiles.Root, "operator", "API.md");
        string text = ApiReference.Write();
        if (Environment.GetEnvironmentVariable(Rewrite) == "1")
            await File.WriteAllTextAsync(path, text);

        Assert.True(await File.ReadAllTextAsync(path) == text, $"API.md is not current; {Rewrite}=1 writes it anew.");
    }

    /// <summary>The texts are the attribute Description of each property: here is where one that lacks it is
    /// noticed.</summary>
    [Fact]
    public void Every_field_that_people_write_is_explained_or_explains_itself()
    {
        string[] unexplained =
        [
            .. Rows().Matches(ApiReference.Write())
                .Where(row => row.Groups[2].Value.Trim().Length == 0).Select(row => row.Groups[1].Value)
                .Where(field => field.StartsWith("spec.", StringComparison.Ordinal)),
        ];

        Assert.Empty(unexplained);
    }

    [GeneratedRegex(@"(?m)^\| `([^`]+)` .*\|([^|]*)\|$")]
    private static partial Regex Rows();
}
