using Kv.Telemetry;
using Kv.Testing;

namespace Kv.Node.Tests.Telemetry;

public sealed class ExportLossesTests
{
    [Fact]
    public void Losses_are_all_counted_and_seldom_told()
    {
        var time = new ManualTime();
        var told = new List<(string What, long Count)>();
        var losses = new ExportLosses("spans", time, (what, count) => told.Add((what, count)));

        losses.Add(3);
        losses.Add(4);
        time.Advance(ExportLosses.Pause - TimeSpan.FromSeconds(1));
        losses.Add(5);
        Assert.Equal([("spans", 3)], told);

        time.Advance(TimeSpan.FromSeconds(1));
        losses.Add(6);
        Assert.Equal([("spans", 3), ("spans", 15)], told);
        Assert.Equal(18, losses.Total);
    }
}
