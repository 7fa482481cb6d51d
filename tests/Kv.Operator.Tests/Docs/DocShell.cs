using System.Diagnostics;
using Kv.Operator.Tests.Charts;

namespace Kv.Operator.Tests.Docs;

/// <summary>Runs commands of the documentation as they stand, one after the other, from the folder that they speak of;
/// the first that fails ends it, and is told.</summary>
internal static class DocShell
{
    /// <param name="commands">Each as it stands, and as it is run: with the names of here.</param>
    /// <param name="prelude">What the shell does first.</param>
    /// <param name="variables">Of its environment.</param>
    /// <param name="patience">For all of them.</param>
    /// <param name="own">What the shell has for itself, in the words of <c>unshare</c>; nothing if empty.</param>
    /// <returns>All that was printed.</returns>
    public static async Task<string> RunAsync(
        IEnumerable<(string AsWritten, string AsRun)> commands,
        string prelude,
        IReadOnlyDictionary<string, string> variables,
        TimeSpan patience,
        params string[] own)
    {
        string script = string.Join('\n', commands.Select(command =>
            $"ran=$(cat <<'COMMAND'\n{command.AsWritten}\nCOMMAND\n)\n{command.AsRun}"));
        string[] shell =
        [
            "bash", "-Eeuo", "pipefail", "-c",
            $"trap 'echo \"FAILED: $ran\" >&2' ERR\nran=prelude\n{prelude}\n{script}",
        ];
        string[] line = own.Length == 0 ? shell : ["unshare", "--map-root-user", .. own, .. shell];
        var start = new ProcessStartInfo(line[0], line[1..]) { WorkingDirectory = ChartFiles.Root };
        foreach ((string name, string value) in variables)
            start.Environment[name] = value;
        (int code, string output, string error) = await Tool.TryAsync(start, patience);
        Assert.True(code == 0, output + error);
        return output;
    }
}
