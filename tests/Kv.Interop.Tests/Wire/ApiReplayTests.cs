using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Wire;

/// <summary>More than a thousand recorded requests, and the answers etcd gave.</summary>
public sealed class ApiReplayTests
{
    private const int Minor35 = 5;

    [Fact]
    public async Task Ours_answers_as_3_7_1_did()
    {
        // Its clusters are of 3.5, and so what they may be downgraded to follows from that.
        var rules = new ApiRules(authEnforced: true, clusterVersionHeld: true);
        await ReplayAsync(NodeProgram.Ours, rules, Minor35, overlay: null);
    }

    /// <summary>Shows that the replay is right: a real etcd passes it.</summary>
    [Fact]
    public async Task Etcd_answers_as_itself()
    {
        var rules = new ApiRules(authEnforced: true, clusterVersionHeld: false);
        await ReplayAsync(NodeProgram.Etcd35, rules, Minor35, "api-diff-3.5.30.jsonl");
    }

    /// <summary>Shows the same of what is left of the list while nobody has to say who he is.</summary>
    [Fact]
    public async Task Etcd_answers_as_itself_while_authentication_stays_off()
    {
        var rules = new ApiRules(authEnforced: false, clusterVersionHeld: false);
        await ReplayAsync(NodeProgram.Etcd35, rules, Minor35, "api-diff-3.5.30.jsonl");
    }

    private static async Task ReplayAsync(NodeProgram program, ApiRules rules, int minor, string? overlay)
    {
        using var folder = new TempDirectory();
        var settings = new NodeSettings(folder["m1"])
        {
            AdvertisedClientAddress = Placeholders.ClientAddress,
            AdvertisedPeerAddress = Placeholders.PeerAddress,
            Extra = ["--bcrypt-cost", "4"],
        };
        var replay = new ApiReplay(program, settings, rules, new Placeholders(minor));
        ReplayReport report = await replay.RunAsync(WireLine.ReadAll(overlay));
        report.MustBeClean(program.Name);
    }
}
