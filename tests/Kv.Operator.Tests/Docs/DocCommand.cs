using System.Text;
using System.Text.RegularExpressions;
using Kv.Operator.Tests.Charts;

namespace Kv.Operator.Tests.Docs;

/// <summary>A command that the documentation tells people to run.</summary>
/// <param name="Document">Where it stands.</param>
/// <param name="Text">As a shell takes it, with the lines that belong to it.</param>
public sealed partial record DocCommand(string Document, string Text)
{
    private const string Shell = "bash";

    private static readonly string[] Documents =
    [
        "README.md", "node/README.md", "operator/README.md", "charts/kv-operator/README.md",
        "charts/kv-cluster/README.md",
    ];

    /// <summary>All of them, in the order of the documents.</summary>
    public static IReadOnlyList<DocCommand> All { get; } =
    [
        .. Texts().SelectMany(each => Blocks().Matches(each.Text)
            .Where(block => block.Groups[1].Value == Shell).SelectMany(block => Of(each.Name, block))),
    ];

    /// <summary>Lines of blocks that are not called commands and look like one.</summary>
    public static IReadOnlyList<string> Unmarked { get; } =
    [
        .. Texts().SelectMany(each => Blocks().Matches(each.Text)
            .Where(block => block.Groups[1].Value != Shell)
            .SelectMany(block => Programs().Matches(block.Value).Select(line => $"{each.Name}: {line.Value}"))),
    ];

    private static IEnumerable<(string Name, string Text)> Texts() => Documents
        .Concat(Directory.EnumerateFiles(Path.Combine(ChartFiles.Operator, "runbooks"), "*.md")
            .Select(path => Path.GetRelativePath(ChartFiles.Root, path)).Order(StringComparer.Ordinal))
        .Select(name => (name, File.ReadAllText(Path.Combine(ChartFiles.Root, name))));

    /// <summary>Lines that end in a backslash go on, and so does what is fed to a command until its end.</summary>
    private static IEnumerable<DocCommand> Of(string document, Match block)
    {
        var text = new StringBuilder();
        string? end = null;
        foreach (string line in block.Groups[2].Value.TrimEnd('\n').Split('\n'))
        {
            text.Append(text.Length == 0 ? "" : "\n").Append(line);
            if (end is null && HereDocument().Match(line) is { Success: true } here)
                end = here.Groups[1].Value;
            else if (line == end)
                end = null;
            if (end is not null || line.EndsWith('\\'))
                continue;
            yield return new DocCommand(document, Comment().Replace(text.ToString(), ""));
            text.Clear();
        }
    }

    /// <summary>What each block is called, and what is in it.</summary>
    [GeneratedRegex("(?ms)^```([a-z]*)\n(.*?)^```$")]
    private static partial Regex Blocks();

    [GeneratedRegex("(?m)^(kubectl|helm|dotnet|etcdctl|etcdutl|kv-node|kv-operator|docker|curl|tests/run) .*$")]
    private static partial Regex Programs();

    [GeneratedRegex("<<'?([A-Z]+)'?")]
    private static partial Regex HereDocument();

    [GeneratedRegex("(?m) {2,}#.*$")]
    private static partial Regex Comment();
}
