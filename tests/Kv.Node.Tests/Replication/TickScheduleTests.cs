using Kv.Replication;

namespace Kv.Node.Tests.Replication;

public sealed class TickScheduleTests
{
    private const long Interval = 100;

    [Fact]
    public void Ticks_that_are_late_do_not_delay_those_after_them()
    {
        var ticks = new TickSchedule(start: 1000, Interval);
        int taken = 0;
        for (long now = 1000; now < 3040; now += 37) // whoever looks is never in step
            taken += ticks.TryTake(now) ? 1 : 0;
        Assert.Equal(20, taken);
    }

    [Fact]
    public void One_tick_stands_for_all_that_were_missed()
    {
        var ticks = new TickSchedule(start: 0, Interval);
        Assert.False(ticks.TryTake(99));
        Assert.True(ticks.TryTake(60_030));
        Assert.False(ticks.TryTake(60_099));
        Assert.Equal(1, ticks.Left(60_099));
        Assert.True(ticks.TryTake(60_100));
        Assert.False(ticks.TryTake(60_100));
    }
}
