using Grpc.Core;
using Kv.Grpc.Wire;

namespace Kv.Node.Tests.Grpc;

/// <summary>The texts in headers.</summary>
public sealed class WireTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("", "")]
    [InlineData("100 %", "100 %25")]
    [InlineData("ä\n", "%C3%A4%0A")]
    [InlineData("~\x7f", "~%7F")]
    public void A_message_is_percent_encoded(string text, string encoded)
    {
        Assert.Equal(encoded, StatusText.Encode(text));
        Assert.Equal(text, StatusText.Decode(encoded));
    }

    [Theory]
    [InlineData("%", "%")]
    [InlineData("%4", "%4")]
    [InlineData("%zz%41", "%zzA")]
    public void What_is_not_an_encoding_is_taken_as_it_stands(string encoded, string text) =>
        Assert.Equal(text, StatusText.Decode(encoded));

    [Theory]
    [InlineData("0", StatusCode.OK)]
    [InlineData("16", StatusCode.Unauthenticated)]
    [InlineData("17", StatusCode.Unknown)]
    [InlineData("-1", StatusCode.Unknown)]
    [InlineData("five", StatusCode.Unknown)]
    public void A_code_that_is_not_known_is_Unknown(string text, StatusCode code) =>
        Assert.Equal(code, StatusText.ToCode(text));

    [Theory]
    [InlineData("1n", 1L)] // a tick is a hundred nanoseconds, and no time is rounded to none
    [InlineData("7u", 70L)]
    [InlineData("5m", 50_000L)]
    [InlineData("2S", 20_000_000L)]
    [InlineData("1M", 600_000_000L)]
    [InlineData("99999999H", 99_999_999L * 36_000_000_000L)]
    public void A_timeout_is_read(string text, long ticks)
    {
        Assert.True(TimeoutText.TryParse(text, out TimeSpan timeout));
        Assert.Equal(TimeSpan.FromTicks(ticks), timeout);
    }

    [Theory]
    [InlineData("")]
    [InlineData("S")]
    [InlineData("1")]
    [InlineData("1x")]
    [InlineData("+1S")]
    [InlineData("1.5S")]
    [InlineData(" 1S")]
    [InlineData("123456789S")]
    public void What_is_no_timeout_is_refused(string text) => Assert.False(TimeoutText.TryParse(text, out _));

    [Theory]
    [InlineData(-1, "0n")]
    [InlineData(1, "1u")]
    [InlineData(500_000, "50000u")]
    [InlineData(36_000_000_000, "3600000m")]
    [InlineData(long.MaxValue, "99999999H")]
    public void A_timeout_is_written_in_the_finest_unit_that_has_room(long ticks, string text) =>
        Assert.Equal(text, TimeoutText.Format(TimeSpan.FromTicks(ticks)));

    [Fact]
    public void Bytes_in_a_header_may_be_padded_or_not_and_several()
    {
        var metadata = new Metadata();
        MetadataText.Add(metadata, "a-bin", "AQ,AQI=, AQID");

        Assert.Equal([[1], [1, 2], [1, 2, 3]], metadata.GetAll("a-bin").Select(entry => entry.ValueBytes));
        Assert.Equal("AQI", MetadataText.ToText(metadata[1]));
    }
}
