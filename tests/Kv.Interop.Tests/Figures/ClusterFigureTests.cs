using System.Text.RegularExpressions;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Clusters;
using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Figures;

/// <summary>What three members show of each other, after one was killed, fell behind and was sent a snapshot, one was
/// added as a learner, and leadership was handed over: the same families, types and labels from etcds and from
/// ours.</summary>
public sealed class ClusterFigureTests
{
    private const string Active = "etcd_network_active_peers";

    private static readonly TimeSpan LoadMax = TimeSpan.FromSeconds(60);

    /// <summary>Families of which one side may show nothing.</summary>
    private static readonly (string Family, string Reason)[] Explained =
    [
        ("etcd_network_peer_round_trip_time_seconds", "etcd shows its measurements every 30 s only"),
        ("etcd_network_peer_received_failures_total", "by chance"),
        ("etcd_network_snapshot_(send|receive)_failures", "by chance"),
        ("etcd_network_server_stream_failures_total", "by chance"),
        ("etcd_server_go_version", "another runtime"),
        ("etcd_server_(apply_duration|request_duration|range_duration|client_requests|feature|health)", "as alone"),
    ];

    [Fact]
    public async Task Three_members_show_of_each_other_what_etcds_show()
    {
        IReadOnlyList<MetricsPage> theirs = await MeasureAsync(NodeProgram.Etcd35);
        IReadOnlyList<MetricsPage> ours = await MeasureAsync(NodeProgram.Ours);

        string[] wanted = Shapes(theirs);
        string[] found = Shapes(ours);
        string[] missing = [.. wanted.Except(found)];
        string[] tooMuch = [.. found.Except(wanted).Where(shape => IsOfEtcd35(shape, theirs))];
        Assert.True(missing.Length == 0, "missing:\n" + string.Join('\n', missing));
        Assert.True(tooMuch.Length == 0, "not in etcd:\n" + string.Join('\n', tooMuch));
        Assert.InRange(wanted.Length, 25, 100);

        Assert.Equal(Totals(theirs), Totals(ours));
    }

    // Families that a later version than the judge's has are no fault.
    private static bool IsOfEtcd35(string shape, IReadOnlyList<MetricsPage> theirs) =>
        theirs.Any(page => page.Types.ContainsKey(shape.Split(' ')[0]));

    private static async Task<IReadOnlyList<MetricsPage>> MeasureAsync(NodeProgram program)
    {
        string catchUp = program.IsOurs ? "--snapshot-catchup-entries" : "--experimental-snapshot-catchup-entries";
        await using TestCluster cluster = await TestCluster.StartAsync(
            [program, program, program], "--snapshot-count", "50", catchUp, "5");
        await using var writer = new SteadyWriter("figures/", () => [.. cluster.Nodes.Values]);
        await cluster.LeadAsync("m1");
        await writer.MoreAsync(20, LoadMax);
        await cluster.KillAsync("m3");
        await writer.MoreAsync(300, LoadMax);
        await cluster.RestartAsync("m3");
        await writer.MoreAsync(20, LoadMax);
        await writer.MustAllBeAtAsync(cluster.Nodes["m3"]);
        await cluster.MustAgreeAsync();
        await cluster.JoinAsync("m4", program);
        await cluster.LeadAsync("m2");
        await cluster.RefuseAsync("m2", "Cluster/MemberPromote", new MemberPromoteRequest { ID = 77 });
        await cluster.RemoveAsync("m4");
        var read = new RangeRequest { Key = ByteString.CopyFromUtf8("a") };
        await cluster.AskAsync<RangeResponse>("m3", "KV/Range", read);
        MetricsPage[] pages = [];
        await cluster.UntilAsync("each has a connection to each other", async () =>
        {
            pages = await Task.WhenAll(cluster.Nodes.Values.Select(node => MetricsPage.ReadAsync(node.Url)));
            int wanted = pages.Length * (pages.Length - 1);
            return ActiveBetween(pages) == wanted && (!program.IsOurs || Sum(pages, Active) == wanted);
        });
        return pages;
    }

    // "family type label,label", of what has to do with a cluster.
    private static string[] Shapes(IEnumerable<MetricsPage> pages) =>
    [
        .. pages.SelectMany(page => page.Series.Keys.Select(series => Shape(page, series)))
            .Where(shape => Regex.IsMatch(shape, "^etcd_(network|server|snap_db|cluster)_"))
            .Where(shape => !Array.Exists(Explained, each => Regex.IsMatch(shape, "^" + each.Family)))
            .Distinct()
            .Order(StringComparer.Ordinal),
    ];

    private static string Shape(MetricsPage page, string series)
    {
        string family = page.Types.ContainsKey(MetricsPage.FamilyOf(series))
            ? MetricsPage.FamilyOf(series)
            : series.Split('{')[0];
        IEnumerable<string> labels = Regex.Matches(series, "[{,]([A-Za-z_]+)=").Select(match => match.Groups[1].Value);
        return $"{family} {page.Types[family]} {string.Join(',', labels.Where(label => label != "le"))}";
    }

    // What must come out the same, over all members.
    private static IEnumerable<string> Totals(IReadOnlyList<MetricsPage> pages)
    {
        yield return $"leaders {Sum(pages, "etcd_server_is_leader")}";
        yield return $"have a leader {Sum(pages, "etcd_server_has_leader")}";
        yield return $"learners {Sum(pages, "etcd_server_is_learner")}";
        yield return $"promoted {Sum(pages, "etcd_server_learner_promote_successes")}";
        yield return $"active {ActiveBetween(pages)}";
        yield return $"being applied {Sum(pages, "etcd_server_snapshot_apply_in_progress_total")}";
        foreach (string reason in pages
            .SelectMany(page => page.Series.Keys)
            .Where(series => series.StartsWith("etcd_server_learner_promote_failures", StringComparison.Ordinal)))
        {
            yield return reason;
        }

        foreach (string busy in (string[])["peer_sent_bytes_total", "peer_received_bytes_total",
            "snapshot_send_success", "peer_sent_failures_total", "disconnected_peers_total"])
        {
            yield return $"{busy} {(Sum(pages, "etcd_network_" + busy) > 0 ? "some" : "none")}";
        }
    }

    // Connections to the members that there are: an etcd may go on counting one to a member that was removed.
    private static double ActiveBetween(IReadOnlyList<MetricsPage> pages)
    {
        KeyValuePair<string, double>[] series =
        [
            .. pages.SelectMany(page => page.Series)
                .Where(each => each.Key.StartsWith(Active + "{", StringComparison.Ordinal)),
        ];
        HashSet<string> members = [.. series.Select(each => Label(each.Key, "Local"))];
        return series.Where(each => members.Contains(Label(each.Key, "Remote"))).Sum(each => each.Value);
    }

    private static string Label(string series, string name) =>
        Regex.Match(series, $"[{{,]{name}=\"([^\"]*)\"").Groups[1].Value;

    private static double Sum(IEnumerable<MetricsPage> pages, string name) => pages.Sum(page => page.Series
        .Where(each => each.Key.Split('{')[0] == name).Sum(each => each.Value));
}
