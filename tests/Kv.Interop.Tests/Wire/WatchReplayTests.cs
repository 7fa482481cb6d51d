using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Wire;

/// <summary>47 recorded scenarios on a raw watch stream.</summary>
public sealed class WatchReplayTests
{
    private const string Auth = "authentication is not enforced yet";
    private const string Overreach = "3.5.30 takes the right to read one key for all that follow";
    private const int OverreachScenario = 42;

    [Fact]
    public Task Ours_watches_as_3_7_1_did() => ReplayAsync(NodeProgram.Ours, flagPrefix: "--", withAuth: true);

    /// <summary>Shows that the replay is right: 3.5.30 behaves as recorded from 3.7.1.</summary>
    [Fact]
    public Task Etcd_watches_as_3_7_1_did() =>
        ReplayAsync(NodeProgram.Etcd35, flagPrefix: "--experimental-", withAuth: true, OverreachScenario);

    private static async Task ReplayAsync(NodeProgram program, string flagPrefix, bool withAuth, int except = 0)
    {
        var report = new ReplayReport();
        foreach (IGrouping<string, WatchScenario> group in WatchScenario.ReadAll().GroupBy(one => one.Server))
        {
            if (group.Key == WatchScenario.AuthServer && !withAuth)
                report.Exclude(Auth, group.Sum(scenario => scenario.Steps.Count));
            else
                await ReplayGroupAsync(program, flagPrefix, [.. group], except, report);
        }

        report.MustBeClean(program.Name);
    }

    private static async Task ReplayGroupAsync(
        NodeProgram program,
        string flagPrefix,
        IReadOnlyList<WatchScenario> scenarios,
        int except,
        ReplayReport report)
    {
        string server = scenarios[0].Server;
        using var folder = new TempDirectory();
        await using NodeProcess node = await NodeProcess.StartAsync(program, new NodeSettings(folder["m1"])
        {
            Extra = server.Contains('=', StringComparison.Ordinal)
                ? [flagPrefix + server, "--bcrypt-cost", "4"]
                : ["--bcrypt-cost", "4"],
        });
        await ClusterVersion.WaitForAsync(node.Url);
        using var replay = new WatchReplay(node.Url);
        bool prepared = false;
        foreach (WatchScenario scenario in scenarios)
        {
            if (!prepared || server == WatchScenario.DefaultServer)
                await replay.PrepareAsync(scenario);
            prepared = true;
            bool left = scenario.Number == except;
            if (left)
                report.Exclude(Overreach, scenario.Steps.Count);

            // Played even so, for what it writes.
            await replay.PlayAsync(scenario, left ? new ReplayReport() : report);
        }
    }
}
