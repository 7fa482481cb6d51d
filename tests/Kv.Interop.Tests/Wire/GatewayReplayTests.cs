using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Wire;

/// <summary>The recorded requests, sent to the JSON gateway that they were recorded from.</summary>
public sealed class GatewayReplayTests
{
    private const int Minor35 = 5;

    [Fact]
    public Task Our_gateway_answers_as_that_of_3_7_1_did() =>
        ReplayAsync(NodeProgram.Ours, new GatewayRules(isOurs: true), overlay: null);

    /// <summary>Shows that the replay is right: a real etcd passes it.</summary>
    [Fact]
    public Task The_gateway_of_etcd_answers_as_itself() =>
        ReplayAsync(NodeProgram.Etcd35, new GatewayRules(isOurs: false), "api-diff-3.5.30.jsonl");

    private static async Task ReplayAsync(NodeProgram program, GatewayRules rules, string? overlay)
    {
        using var folder = new TempDirectory();
        var settings = new NodeSettings(folder["m1"])
        {
            AdvertisedClientAddress = Placeholders.ClientAddress,
            AdvertisedPeerAddress = Placeholders.PeerAddress,
            Extra = ["--bcrypt-cost", "4"],
        };
        using var replay = new GatewayReplay(program, settings, rules, new Placeholders(Minor35));
        ReplayReport report = await replay.RunAsync(WireLine.ReadAll(overlay));
        report.MustBeClean(program.Name);
    }
}
