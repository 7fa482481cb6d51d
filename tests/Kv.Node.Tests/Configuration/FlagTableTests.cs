using System.Runtime.CompilerServices;
using Kv.Server.Configuration;

namespace Kv.Node.Tests.Configuration;

public sealed class FlagTableTests
{
    private const string Begin = "<!-- flags: made by FlagTable.ToMarkdown, KV_REWRITE=1 writes it anew -->\n";
    private const string End = "<!-- end of flags -->\n";

    /// <summary>etcd's flags, as its documents list them.</summary>
    private static readonly string[] Etcd =
    [
        "name", "data-dir", "wal-dir", "snapshot-count", "heartbeat-interval", "election-timeout", "listen-peer-urls",
        "listen-client-urls", "listen-metrics-urls", "max-txn-ops", "max-request-bytes", "initial-cluster-token",
        "auto-compaction-retention", "feature-gates", "peer-trusted-ca-file", "tls-min-version", "discovery-srv",
        "corrupt-check-time", "watch-progress-notify-interval", "max-learners", "log-rotation-config-json", "vv",
    ];

    [Fact]
    public void The_document_shows_the_table()
    {
        string path = Path.Combine(SourceFolder(), "../../../node/FLAGS.md");
        string text = File.ReadAllText(path);
        int begin = text.IndexOf(Begin, StringComparison.Ordinal) + Begin.Length;
        int end = text.IndexOf(End, StringComparison.Ordinal);
        Assert.InRange(begin, Begin.Length, end);

        string expected = $"{text[..begin]}\n{FlagTable.ToMarkdown()}{text[end..]}";
        if (Environment.GetEnvironmentVariable("KV_REWRITE") == "1")
            File.WriteAllText(path, expected);
        else
            Assert.Equal(expected, text);
    }

    [Fact]
    public void No_flag_is_missing_or_twice()
    {
        Assert.All(Etcd, name => Assert.NotNull(FlagTable.Find(name)));
        Assert.Distinct(FlagTable.All.Select(flag => flag.EnvironmentName));
    }

    [Fact]
    public void Every_default_is_a_value_of_its_kind() =>
        Assert.All(FlagTable.All, flag => Assert.Null(FlagText.FaultIn(flag, flag.Default)));

    [Fact]
    public void Every_flag_that_is_not_implemented_says_why() =>
        Assert.All(
            FlagTable.All.Where(flag => flag.State is FlagState.Ignored or FlagState.Unsupported),
            flag => Assert.NotEmpty(flag.Reason));

    [Fact]
    public void Help_names_every_flag_but_those_given_up()
    {
        string usage = FlagTable.ToUsage();

        Assert.All(
            FlagTable.All,
            flag => Assert.Equal(flag.State != FlagState.Removed, usage.Contains($"  --{flag.Name} '")));
    }

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
