using System.Globalization;
using System.Runtime.CompilerServices;

namespace Kv.Interop.Tests.Sessions;

/// <summary>One command of <c>tests/fixtures/wire/etcdctl-3.7.1.txt</c> and what etcdctl 3.7.1 said to it.
/// <code>
/// ### 14
/// $ etcdctl put foo bar
/// --- stdin        (only where it has input)
/// --- exit 0
/// --- stdout
/// OK
/// --- stderr
/// </code></summary>
public sealed record RecordedCommand(
    int Number,
    string Command,
    string Input,
    int ExitCode,
    string Output,
    string Errors)
{
    private const string Program = "$ etcdctl ";

    public static IReadOnlyList<RecordedCommand> ReadAll()
    {
        string text = File.ReadAllText(Path.Combine(Folder(), "../../fixtures/wire/etcdctl-3.7.1.txt"));
        return [.. text.Split("### ", StringSplitOptions.RemoveEmptyEntries).Select(Parse)];
    }

    private static RecordedCommand Parse(string block)
    {
        string[] lines = block.Split('\n');
        string command = lines[1][Program.Length..];
        int exitLine = Array.FindIndex(lines, line => line.StartsWith("--- exit ", StringComparison.Ordinal));
        int outputLine = Array.IndexOf(lines, "--- stdout");
        int errorsLine = Array.IndexOf(lines, "--- stderr");
        return new RecordedCommand(
            int.Parse(lines[0], CultureInfo.InvariantCulture),
            command,
            lines[2] == "--- stdin" ? Join(lines[3..exitLine]) : "",
            int.Parse(lines[exitLine]["--- exit ".Length..], CultureInfo.InvariantCulture),
            Join(lines[(outputLine + 1)..errorsLine]),
            Join(lines[(errorsLine + 1)..]));
    }

    private static string Join(string[] lines) => string.Concat(lines.Select(line => line + "\n"));

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
