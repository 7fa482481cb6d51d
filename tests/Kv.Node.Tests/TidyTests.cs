using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;

namespace Kv.Node.Tests;

/// <summary>The rules of style that a machine can check and no analyzer does. What is not here is advice. Each finding
/// is a line that an editor can jump to.</summary>
public sealed partial class TidyTests
{
    private const int FileLinesMax = 500;
    private const int LineLengthMax = 120;
    private const int MethodLinesMax = 60;
    private const int FlatSwitchCasesMin = 10;

    private static readonly string[] Folders = ["node", "operator", "tests"];

    /// <summary>Who may be async is decided by folder: where decisions must be equal on all nodes, or one thread owns
    /// the state, nothing waits.</summary>
    private static readonly string[] Pure =
        ["node/Kv.Raft/", "node/Kv.Storage/", "node/Kv.Store/", "node/Kv.Replication/"];

    private static readonly (string Folder, string Banned, string Instead)[] Bans =
    [
        ("", "Thread.Sleep(", "wait for the event itself"),
        ("", "async void", "async Task, awaited by its owner"),
        ("", "#region", "a smaller type"),
        ("", "CreateUnbounded", "a bound and what to do when it is reached"),
        ("", "new BlockingCollection<byte[]>()", "a bound and what to do when it is reached"),
        ("", "../shared", "a copy of what the test needs, in tests/"),
        ("", "nuget.org", "what the machine is set up to restore from"),
        ("", "Random.Shared", "an injected Random: a run must be repeatable"),
        ("node/", "DateTime.Now", "a TimeProvider"),
        ("node/", "DateTime.UtcNow", "a TimeProvider"),
        ("node/", "DateTimeOffset.Now", "a TimeProvider"),
        ("node/", "DateTimeOffset.UtcNow", "a TimeProvider"),
        ("node/", "_ = Task.Run(", "a lane, or a task that its owner awaits"),
        ("tests/", "Task.Delay(", "the event itself, with a deadline"),
        .. Pure.SelectMany(folder => new[]
        {
            (folder, " async ", "a call that returns; async is for sockets"),
            (folder, "await ", "a call that returns; async is for sockets"),
            (folder, "Task.Run(", "a lane"),
            (folder, "Task.Delay(", "a tick"),
            (folder, "Guid.NewGuid", "an id made before the proposal, so that every node has the same"),
            (folder, "Stopwatch", "a measure taken by whoever owns the thread"),
        }),
    ];

    /// <summary>Where a ban does not hold, and why.</summary>
    private static readonly (string Path, string Banned, string Reason)[] Exceptions =
    [
        ("tests/Kv.Node.Tests/TidyTests.cs", "", "names what it bans"),
        ("tests/Kv.Interop.Tests/Chaos/FaultProxy.cs", "Task.Delay(", "a link that is cut lasts until the proxy stops"),
        ("tests/Kv.Interop.Tests/Chaos/Pump.cs", "Task.Delay(", "how slow a link is is its fault"),
        ("tests/Kv.Interop.Tests/Chaos/Flow.cs", "Task.Delay(", "how slow a link is is its fault"),
        ("tests/Kv.Interop.Tests/Chaos/ChaosCluster.cs", "Task.Delay(", "probes come at a rate"),
        ("tests/Kv.Interop.Tests/Chaos/ChaosTests.cs", "Task.Delay(", "how long a fault lasts is part of it"),
        ("tests/Kv.Interop.Tests/Sessions/ClusterSessionTests.cs", "Task.Delay(", "etcd goes by a member's age"),
    ];

    private static readonly string[] Generators =
        ["[LoggerMessage(", "[LibraryImport(", "[GeneratedRegex(", "[JsonSerializable("];

    private static readonly string[] BannedEndings =
    [
        "Manager", "Helper", "Helpers", "Util", "Utils", "Utilities", "Service", "Handler", "Processor", "Provider",
        "Base", "Impl", "Common", "Info", "Data",
    ];

    /// <summary>Types whose names are not ours to choose: generated code and callers know them.</summary>
    private static readonly string[] GivenNames = ["ClientBase", "ServiceBinderBase", "ChannelBase",
        "CallCredentialsConfiguratorBase", "ChannelCredentialsConfiguratorBase", "V1Service", "V1LifecycleHandler"];

    [Fact]
    public void Source_is_tidy()
    {
        (string Path, string[] Lines)[] sources = [.. Sources()];

        Assert.InRange(sources.Length, 50, 5000); // a test that reads nothing finds nothing
        string[] findings = [.. sources.SelectMany(Findings)];
        Assert.True(findings.Length == 0, string.Join('\n', findings));
    }

    [Theory]
    [InlineData("node/Kv.Raft/A.cs", "    public async Task StepAsync()")]
    [InlineData("node/Kv.Server/A.cs", "        var now = DateTime.UtcNow;")]
    [InlineData("tests/A.cs", "        Thread.Sleep(5);")]
    [InlineData("node/Kv.Server/A.cs", "public sealed class LeaseManager(int x)")]
    [InlineData("node/Kv.Server/A.cs", "internal sealed partial class Server")]
    [InlineData("node/Kv.Server/A.cs", "    #region Fields")]
    public void Each_rule_finds_what_it_is_for(string path, string line) => Assert.Single(Findings((path, [line])));

    [Fact]
    public void Long_lines_files_and_methods_are_found()
    {
        string[] method = ["    private void Run()", "    {", .. Enumerable.Repeat("        x++;", 61), "    }"];

        Assert.Single(Findings(("node/A.cs", [new string('x', 121)])));
        Assert.Single(Findings(("node/A.cs", [.. Enumerable.Repeat("", 501)])));
        Assert.Single(Findings(("node/A.cs", method)));
    }

    private static IEnumerable<string> Findings((string Path, string[] Lines) source)
    {
        if (source.Lines.Length > FileLinesMax)
            yield return $"{source.Path}: {source.Lines.Length} lines; which two things does it do?";

        bool isGenerated =
            source.Lines.Any(line => Generators.Any(each => line.Contains(each, StringComparison.Ordinal)));
        foreach ((int index, string line) in source.Lines.Index())
        {
            foreach (string finding in FindingsInLine(source.Path, line))
                yield return $"{source.Path}:{index + 1}: {finding}";
            if (!isGenerated && PartialType().IsMatch(line))
                yield return $"{source.Path}:{index + 1}: 'partial' is for source generators";
        }

        foreach ((int start, int length) in LongMethods(source.Lines))
            yield return $"{source.Path}:{start + 1}: a method of {length} lines";
    }

    private static IEnumerable<string> FindingsInLine(string path, string line)
    {
        if (line.Length > LineLengthMax)
            yield return $"{line.Length} columns";

        foreach ((string folder, string banned, string instead) in Bans)
        {
            bool isBanned = path.StartsWith(folder, StringComparison.Ordinal) &&
                line.Contains(banned, StringComparison.Ordinal);
            if (isBanned && !IsComment(line) && !IsExcepted(path, banned))
                yield return $"not '{banned}' but {instead}";
        }

        if (TypeName().Match(line) is { Success: true } type && !IsComment(line))
        {
            string name = type.Groups["name"].Value;
            bool isEmpty = BannedEndings.Any(ending => name.EndsWith(ending, StringComparison.Ordinal));
            if (isEmpty && !GivenNames.Contains(name))
                yield return $"'{name}' says nothing; what is its one job?";
        }
    }

    /// <summary>Methods by their looks: what stands between braces at the depth of a type's members.</summary>
    private static IEnumerable<(int Start, int Length)> LongMethods(string[] lines)
    {
        int start = -1;
        foreach ((int index, string line) in lines.Index())
        {
            if (line == "    {")
                start = IsHeadOfType(lines, index) ? -1 : index;
            if (!line.StartsWith("    }", StringComparison.Ordinal))
                continue;
            if (start >= 0 && index - start - 1 > MethodLinesMax && !IsFlatSwitch(lines[start..index]))
                yield return (start, index - start - 1);
            start = -1;
        }
    }

    /// <summary>Whether what stands before the brace, up to an empty line, declares a type.</summary>
    private static bool IsHeadOfType(string[] lines, int brace)
    {
        for (int index = brace - 1; index >= 0 && lines[index].Length > 0; index--)
        {
            if (TypeName().IsMatch(lines[index]) && !IsComment(lines[index]))
                return true;
        }

        return false;
    }

    /// <summary>A list of cases is long because there are many, not because it is hard.</summary>
    private static bool IsFlatSwitch(string[] lines) =>
        lines.Count(line => line.StartsWith("            case ", StringComparison.Ordinal)) >= FlatSwitchCasesMin;

    private static bool IsComment(string line) => line.AsSpan().TrimStart().StartsWith("//");

    private static bool IsExcepted(string path, string banned) =>
        Exceptions.Any(each => each.Path == path && banned.Contains(each.Banned, StringComparison.Ordinal));

    private static IEnumerable<(string Path, string[] Lines)> Sources()
    {
        string root = Path.GetFullPath(Path.Combine(SourceFolder(), "../.."));
        return Folders
            .Select(folder => Path.Combine(root, folder))
            .Where(Directory.Exists)
            .SelectMany(folder => Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories))
            .Select(path => (Path.GetRelativePath(root, path), File.ReadAllLines(path)));
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    [GeneratedRegex(@"^\s*(?:\w+\s+)*(?:class|struct|interface|record|enum)\s+(?:struct\s+|class\s+)?(?<name>\w+)")]
    private static partial Regex TypeName();

    [GeneratedRegex(@"^\s*(?:\w+\s+)*partial\s+(?:class|struct|record|interface)\s")]
    private static partial Regex PartialType();
}
