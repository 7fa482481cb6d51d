using System.Globalization;
using Kv.Server.Metrics;

namespace Kv.Node.Tests.Metrics;

public sealed class GoFloatTests
{
    [Theory]
    [InlineData(0, "0")]
    [InlineData(1, "1")]
    [InlineData(-1, "-1")]
    [InlineData(20480, "20480")]
    [InlineData(999_999, "999999")]
    [InlineData(1_000_000, "1e+06")]
    [InlineData(1_048_576, "1.048576e+06")]
    [InlineData(170_405_436, "1.70405436e+08")]
    [InlineData(-31_457_280, "-3.145728e+07")]
    [InlineData(1.8446744073709552e19, "1.8446744073709552e+19")]
    [InlineData(0.001, "0.001")]
    [InlineData(0.0001, "0.0001")]
    [InlineData(0.00001, "1e-05")]
    [InlineData(0.000595863, "0.000595863")]
    [InlineData(1234.5, "1234.5")]
    [InlineData(52.4288, "52.4288")]
    [InlineData(1.79538766401e9, "1.79538766401e+09")]
    [InlineData(1e100, "1e+100")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    [InlineData(double.NaN, "NaN")]
    public void Is_written_as_Go_writes_it(double value, string text) => Assert.Equal(text, GoFloat.Format(value));

    [Fact]
    public void Reads_back_as_the_same_number()
    {
        var random = new Random(1);
        for (int round = 0; round < 1000; round++)
        {
            double value = BitConverter.Int64BitsToDouble(random.NextInt64());
            if (double.IsFinite(value))
                Assert.Equal(value, double.Parse(GoFloat.Format(value), CultureInfo.InvariantCulture));
        }
    }
}
