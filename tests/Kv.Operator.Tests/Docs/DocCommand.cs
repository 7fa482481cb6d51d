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

    private const string Names =
        "kubectl|helm|dotnet|etcdctl|etcdutl|kv-node|kv-operator|docker|curl|tests/[^ `]+\\.sh|charts/[^ `]+\\.sh";

    /// <summary>What is no documentation of the product: data that was recorded, with how that was done, and
    /// figures.</summary>
    private static readonly string[] Others = ["tests/fixtures/", "tests/Kv.Benchmarks/"];

    /// <summary>What is built, or kept beside the sources.</summary>
    private static readonly string[] NoSources = ["artifacts", "bin", "obj", "node_modules"];

    /// <summary>All of them, in the order of the documents: those of blocks, and those in the middle of a sentence
    /// unless they only name a program.</summary>
    public static IReadOnlyList<DocCommand> All { get; } =
    [
        .. Texts().SelectMany(each => InBlocks(each.Text).Concat(InSentences(each.Text))
            .OrderBy(found => found.Index).SelectMany(found => Split(each.Name, found.Text.Split('\n')))),
    ];

    /// <summary>What stands in the middle of sentences.</summary>
    public static IReadOnlyList<string> Named { get; } =
        [.. Texts().SelectMany(each => Spans(each.Text).Select(span => span.Text)).Distinct()];

    /// <summary>Lines that look like a command and do not stand in a block that is called one.</summary>
    public static IReadOnlyList<string> Unmarked { get; } =
    [
        .. Texts().SelectMany(each => Blocks().Matches(each.Text).Where(block => block.Groups[1].Value != Shell)
            .Select(block => block.Value).Append(Blocks().Replace(each.Text, ""))
            .SelectMany(text => Programs().Matches(text).Select(line => $"{each.Name}: {line.Value}"))),
    ];

    private static IEnumerable<(string Name, string Text)> Texts() => FilesBelow(ChartFiles.Root)
        .Select(path => Path.GetRelativePath(ChartFiles.Root, path))
        .Where(name => !Others.Any(folder => name.StartsWith(folder, StringComparison.Ordinal)))
        .Order(StringComparer.Ordinal)
        .Select(name => (name, File.ReadAllText(Path.Combine(ChartFiles.Root, name))));

    private static IEnumerable<string> FilesBelow(string folder) => Directory.EnumerateFiles(folder, "*.md").Concat(
        Directory.EnumerateDirectories(folder)
            .Where(each => Path.GetFileName(each) is var name && name[0] != '.' && !NoSources.Contains(name))
            .SelectMany(FilesBelow));

    private static IEnumerable<(int Index, string Text)> InBlocks(string text) => Blocks().Matches(text)
        .Where(block => block.Groups[1].Value == Shell)
        .Select(block => (block.Index, block.Groups[2].Value.TrimEnd('\n')));

    private static IEnumerable<(int Index, string Text)> InSentences(string text) =>
        Spans(text).Where(span => !CommandTable.Names.Contains(span.Text));

    private static IEnumerable<(int Index, string Text)> Spans(string text) =>
        // Blocks are blotted out, so that what follows stays where it is.
        CodeSpans().Matches(Blocks().Replace(text, block => new string(' ', block.Length)))
            .Select(span => (span.Index, WhiteSpace().Replace(span.Groups[1].Value, " ")));

    /// <summary>Lines that end in a backslash go on, and so does what is fed to a command until its end.</summary>
    public static IEnumerable<DocCommand> Split(string document, IEnumerable<string> lines)
    {
        var text = new StringBuilder();
        string? end = null;
        foreach (string line in lines)
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

    [GeneratedRegex($"(?m)^ *({Names}) .*$")]
    private static partial Regex Programs();

    [GeneratedRegex($"`(({Names}) [^`]+)`")]
    private static partial Regex CodeSpans();

    [GeneratedRegex(@"\s+")]
    private static partial Regex WhiteSpace();

    [GeneratedRegex("<<'?([A-Z]+)'?")]
    private static partial Regex HereDocument();

    [GeneratedRegex("(?m) {2,}#.*$")]
    private static partial Regex Comment();
}
