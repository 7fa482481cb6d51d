using System.Runtime.CompilerServices;

namespace Kv.Operator.Tests.Charts;

/// <summary>Where the charts are in the source tree.</summary>
internal static class ChartFiles
{
    public static string Root { get; } = Path.GetFullPath(Path.Combine(HereIs(), "..", "..", ".."));

    public static string Folder { get; } = Path.Combine(Root, "charts");

    public static string Operator { get; } = Path.Combine(Folder, "kv-operator");

    public static string Cluster { get; } = Path.Combine(Folder, "kv-cluster");

    /// <summary>The value sets of both charts: "CHART/ci/SET.yaml".</summary>
    public static IEnumerable<string> ValueSets { get; } =
    [
        .. new[] { Operator, Cluster }
            .SelectMany(chart => Directory.EnumerateFiles(Path.Combine(chart, "ci"), "*.yaml"))
            .Select(path => Path.GetRelativePath(Folder, path)).Order(StringComparer.Ordinal),
    ];

    /// <summary>The chart that a value set is of.</summary>
    public static string ChartOf(string valueSet) => Path.Combine(Folder, valueSet.Split('/')[0]);

    private static string HereIs([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
