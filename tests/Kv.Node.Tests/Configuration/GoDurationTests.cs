using Kv.Server.Configuration;

namespace Kv.Node.Tests.Configuration;

public sealed class GoDurationTests
{
    [Theory]
    [InlineData("0", 0)]
    [InlineData("0s", 0)]
    [InlineData("100ms", 100)]
    [InlineData("1.5s", 1500)]
    [InlineData(".5s", 500)]
    [InlineData("1h30m", 5_400_000)]
    [InlineData("2h0m0.25s", 7_200_250)]
    [InlineData("1m1ms", 60_001)]
    [InlineData("-3s", -3000)]
    [InlineData("+3s", 3000)]
    [InlineData("5000us", 5)]
    [InlineData("5000µs", 5)]
    [InlineData("3000000ns", 3)]
    public void Reads_what_Go_reads(string text, int milliseconds)
    {
        Assert.True(GoDuration.TryParse(text, out TimeSpan duration));
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), duration);
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("5")]
    [InlineData("s")]
    [InlineData("1.2.3s")]
    [InlineData("1d")]
    [InlineData("1 s")]
    [InlineData("1s5")]
    [InlineData("1sm")]
    [InlineData("99999999999999999999h")]
    [InlineData("300000000h")]
    [InlineData("1,5s")]
    public void Refuses_what_Go_refuses(string text) => Assert.False(GoDuration.TryParse(text, out _));

    [Theory]
    [InlineData(0, "0s")]
    [InlineData(1, "0.1µs")]
    [InlineData(15, "1.5µs")]
    [InlineData(14_134, "1.4134ms")]
    [InlineData(1_000_000, "100ms")]
    [InlineData(10_000_000, "1s")]
    [InlineData(70_000_000, "7s")]
    [InlineData(900_500_000, "1m30.05s")]
    [InlineData(36_000_000_000, "1h0m0s")]
    [InlineData(-10_000_000, "-1s")]
    public void Writes_as_Go_does(long ticks, string text) =>
        Assert.Equal(text, GoDuration.Format(TimeSpan.FromTicks(ticks)));
}
