using System.Globalization;

namespace Kv.Interop.Tests.Figures;

/// <summary>What a node showed at <c>/metrics</c> at one moment.</summary>
public sealed class MetricsPage
{
    private static readonly HttpClient Client = new();
    private static readonly string[] Suffixes = ["_bucket", "_sum", "_count"];

    private readonly Dictionary<string, double> _series = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _types = new(StringComparer.Ordinal);

    /// <summary>Values by name and labels, as they stand on the page.</summary>
    public IReadOnlyDictionary<string, double> Series => _series;

    /// <summary>Types by family.</summary>
    public IReadOnlyDictionary<string, string> Types => _types;

    public static async Task<MetricsPage> ReadAsync(Uri node)
    {
        var page = new MetricsPage();
        string text = await Client.GetStringAsync(new Uri(node, "/metrics"));
        foreach (string line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("# TYPE ", StringComparison.Ordinal))
                page._types[line.Split(' ')[2]] = line.Split(' ')[3];
            else if (!line.StartsWith('#'))
                page._series[line[..line.LastIndexOf(' ')]] = Number(line[(line.LastIndexOf(' ') + 1)..]);
        }

        return page;
    }

    /// <summary>The family of a series: of those of histograms, its name less what says what of it they are.</summary>
    public static string FamilyOf(string series)
    {
        int labels = series.IndexOf('{');
        string name = labels < 0 ? series : series[..labels];
        string? suffix = Array.Find(Suffixes, each => name.EndsWith(each, StringComparison.Ordinal));
        return suffix is null ? name : name[..^suffix.Length];
    }

    private static double Number(string text) => text switch
    {
        "+Inf" => double.PositiveInfinity,
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };
}
