using Kv.Interop.Tests.Processes;

namespace Kv.Interop.Tests.Crashes;

/// <summary>kill -9 at random moments under load.</summary>
public sealed class CrashTests
{
    private const int LaneCount = 4; // what one waits for, others use
    private const int RoundsOfLane = 50;
    private const int RoundsOfJudge = 6;

    private static readonly TimeSpan TimeMax = TimeSpan.FromSeconds(160);

    [Fact]
    public async Task Ours_keeps_every_acknowledged_write()
    {
        int seed = Seed();
        int[] rounds = await Task.WhenAll(
            Enumerable.Range(seed, LaneCount).Select(lane => LiveAsync(NodeProgram.Ours, lane, RoundsOfLane)));
        Assert.All(rounds, count => Assert.True(count > RoundsOfLane / 4, $"Only {count} rounds in {TimeMax}."));
    }

    /// <summary>Shows that the rounds do what they say.</summary>
    [Fact]
    public Task Etcd_keeps_every_acknowledged_write() => LiveAsync(NodeProgram.Etcd35, Seed(), RoundsOfJudge);

    private static async Task<int> LiveAsync(NodeProgram program, int seed, int count)
    {
        using var rounds = new CrashRounds(program, seed);
        return await rounds.RunAsync(count, TimeMax);
    }

    private static int Seed()
    {
        string? wanted = Environment.GetEnvironmentVariable("KV_SEED");
        return int.TryParse(wanted, out int seed) ? seed : Environment.TickCount & 0xffff;
    }
}
