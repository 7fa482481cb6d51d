using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.CompilerServices;
using Etcdserverpb;
using Kv.Interop.Tests.Clusters;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Sessions;

/// <summary>The same session with etcdctl to three etcds and to three of ours: word for word the same answers. Both get
/// the same addresses, one after the other, and so must choose the same ids.</summary>
public sealed class ClusterSessionTests
{
    private static readonly IReadOnlyList<SessionStep> Script =
        SessionScript.Parse(File.ReadAllLines(Path.Combine(Folder(), "scripts/cluster.txt")));

    // Members are only added to a cluster whose connections have held for 5 s.
    private static readonly TimeSpan AgeMin = TimeSpan.FromSeconds(6);

    [Fact]
    public async Task A_session_with_three_of_ours_reads_as_one_with_three_etcds()
    {
        var addresses = new ConcurrentDictionary<string, NodeSettings>();
        IReadOnlyList<string> expected = await PlayAsync(NodeProgram.Etcd35, addresses);
        IReadOnlyList<string> actual = await PlayAsync(NodeProgram.Ours, addresses);
        SessionDifference.MustBeEmpty(NodeProgram.Etcd35.Name, expected, NodeProgram.Ours.Name, actual);
    }

    [Fact]
    public void The_session_has_at_least_60_commands() =>
        Assert.InRange(Script.Count(step => step is SessionStep.Run or SessionStep.Start), 60, 500);

    private static async Task<IReadOnlyList<string>> PlayAsync(
        NodeProgram program, ConcurrentDictionary<string, NodeSettings> addresses)
    {
        using var folder = new TempDirectory();
        long start = Stopwatch.GetTimestamp();
        await using TestCluster cluster = await TestCluster.StartAsync([program, program, program], settings =>
            addresses.GetOrAdd(settings.Name, settings) with { DataDirectory = settings.DataDirectory });
        await cluster.LeadAsync("m1");
        if (AgeMin - Stopwatch.GetElapsedTime(start) is { Ticks: > 0 } rest)
            await Task.Delay(rest, TestContext.Current.CancellationToken);

        Dictionary<string, string> names = [];
        foreach (NodeProcess node in cluster.Nodes.Values)
        {
            StatusResponse status = await cluster.StatusAsync(node.Settings.Name);
            names.Add("E" + node.Settings.Name[1..], node.Endpoint);
            string id = status.Header.MemberId.ToString("x", CultureInfo.InvariantCulture);
            names.Add("M" + node.Settings.Name[1..], id);
        }

        using var player = new SessionPlayer(EtcdRelease.V35.Etcdctl, names["E1"], folder.Path, names);
        IReadOnlyList<string> played = await player.PlayAsync(Script);
        Keep(program.Name, played);
        return played;
    }

    // Left beside the tests for whoever wants to read what a session looks like.
    private static void Keep(string name, IReadOnlyList<string> blocks)
    {
        string folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "played")).FullName;
        File.WriteAllLines(Path.Combine(folder, $"cluster-{name.Replace(' ', '-')}.txt"), blocks);
    }

    private static string Folder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
