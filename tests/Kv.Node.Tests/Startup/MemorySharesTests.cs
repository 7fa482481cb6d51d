using Kv.Grpc;
using Kv.Server.Configuration;
using Kv.Server.Startup;

namespace Kv.Node.Tests.Startup;

/// <summary>How much calls may hold if no flag says so.</summary>
public sealed class MemorySharesTests
{
    private const long Gibibyte = 1L << 30;

    private static readonly RequestLimits Usual = new()
    {
        TxnOperationsMax = 128,
        RequestBytesMax = 1_572_864,
        ConcurrentStreamsMax = int.MaxValue,
        KeepAliveInterval = null,
        KeepAliveTimeout = TimeSpan.FromSeconds(20),
    };

    [Theory]
    [InlineData(8 * Gibibyte, 262_144, 2 * Gibibyte)]
    [InlineData(Gibibyte / 2, 16_384, Gibibyte / 8)]
    [InlineData(Gibibyte / 16, 5000, 16 * (1_572_864 + 524_288))]
    public void Limits_follow_from_the_memory(long memory, int calls, long bytes) =>
        Assert.Equal(new CallLimits(calls, bytes, bytes / 2), MemoryShares.ToLimits(Usual, memory));

    [Fact]
    public void Flags_go_before_the_memory()
    {
        RequestLimits given = Usual with
        {
            RequestsInFlightMax = 7,
            BytesInFlightMax = 1000,
            ConnectionBytesInFlightMax = 10,
        };
        Assert.Equal(new CallLimits(7, 1000, 10), MemoryShares.ToLimits(given, Gibibyte));
    }
}
