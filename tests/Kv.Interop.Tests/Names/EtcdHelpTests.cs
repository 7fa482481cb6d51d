using System.Text.RegularExpressions;
using Kv.Interop.Tests.Processes;
using Kv.Server.Configuration;

namespace Kv.Interop.Tests.Names;

/// <summary>The flags of a real etcd, as its own help names them.</summary>
public sealed class EtcdHelpTests
{
    private static readonly Regex FlagLine = new("^  --([a-z0-9-]+)(?: '?([^'\n]*)'?)?$", RegexOptions.Multiline);

    // Defaults that are otherwise here: what is safer, or what etcd 3.7 has.
    private static readonly string[] OtherDefaults =
    [
        "snapshot-count", "pre-vote", "v2-deprecation", "discovery-fallback", "tls-min-version", "data-dir",
        "experimental-initial-corrupt-check", "experimental-compact-hash-check-enabled", "max-concurrent-streams",
        "backend-batch-interval", "logger", "log-rotation-config-json",
    ];

    [Fact]
    public async Task Every_flag_is_known_and_most_have_the_same_default()
    {
        ProgramRun help = await NodeProgram.Etcd35.RunAsync("--help");
        MatchCollection lines = FlagLine.Matches(help.Output + help.Errors);
        Assert.InRange(lines.Count, 100, 200);
        string[] missing = [.. lines.Select(line => line.Groups[1].Value).Where(name => FlagTable.Find(name) is null)];
        Assert.Empty(missing);

        string[] other =
        [
            .. from line in lines
               let flag = FlagTable.Find(line.Groups[1].Value)!
               let wanted = line.Groups[2].Value
               where wanted.Length > 0 && !OtherDefaults.Contains(flag.Name) && flag.Default != wanted
               select $"{flag.Name}: {flag.Default} here, {wanted} there",
        ];
        Assert.Empty(other);
    }
}
