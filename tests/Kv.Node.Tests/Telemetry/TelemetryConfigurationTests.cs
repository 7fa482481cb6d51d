using Kv.Server.Configuration;
using Kv.Telemetry;

namespace Kv.Node.Tests.Telemetry;

/// <summary>How the node's flags and the environment come together.</summary>
public sealed class TelemetryConfigurationTests
{
    [Fact]
    public void Nothing_is_exported_by_default() => Assert.False(Start([], []).Telemetry.IsOn);

    [Theory]
    [InlineData("--")]
    [InlineData("--experimental-")]
    public void Flags_of_etcd_mean_what_they_mean_to_etcd(string prefix)
    {
        TelemetrySettings usual = Start([$"{prefix}enable-distributed-tracing=true"], []).Telemetry;
        TelemetrySettings given = Start(
            [
                "--name=m7", $"{prefix}enable-distributed-tracing=true",
                $"{prefix}distributed-tracing-address=10.0.0.9:55", $"{prefix}distributed-tracing-sampling-rate=250000",
            ],
            []).Telemetry;

        Assert.Null(usual.Metrics);
        Assert.Equal("http://localhost:4317/", usual.Traces!.Target.Endpoint.ToString());
        Assert.Equal(new SamplingRule(0, FollowsParent: true), usual.Traces.Sampling);
        Assert.Equal("etcd", usual.Resource["service.name"]);
        Assert.Equal("http://10.0.0.9:55/", given.Traces!.Target.Endpoint.ToString());
        Assert.Equal(new SamplingRule(0.25, FollowsParent: true), given.Traces.Sampling);
        Assert.Equal("m7", given.Resource["service.instance.id"]);
    }

    [Fact]
    public void Other_flags_of_tracing_alone_export_nothing() =>
        Assert.False(Start(["--distributed-tracing-sampling-rate=1000000"], []).Telemetry.IsOn);

    [Theory]
    [InlineData("--distributed-tracing-sampling-rate=-1", "tracing sampling rate must be positive")]
    [InlineData("--distributed-tracing-sampling-rate=1000001", "tracing sampling rate must be less than 1000000")]
    [InlineData("--distributed-tracing-address=http://c:4317", "--distributed-tracing-address must be host:port")]
    [InlineData("--distributed-tracing-address=c", "--distributed-tracing-address must be host:port")]
    public void Wrong_flags_are_refused(string flag, string fault)
    {
        var refused = Assert.IsType<ConfigurationOutcome.Refuse>(
            Read(["--enable-distributed-tracing=true", flag], []));
        Assert.Contains(fault, refused.Error);
    }

    [Fact]
    public void Wrong_variables_are_refused_with_all_else_that_is_wrong()
    {
        var refused = Assert.IsType<ConfigurationOutcome.Refuse>(Read(
            ["--announced-version=x"],
            new() { ["OTEL_EXPORTER_OTLP_ENDPOINT"] = "nowhere", ["OTEL_TRACES_SAMPLER"] = "mine" }));

        Assert.Contains("3 things are wrong", refused.Error);
        Assert.Contains("OTEL_TRACES_SAMPLER: \"mine\" is not supported", refused.Error);
    }

    private static NodeConfiguration Start(string[] arguments, Dictionary<string, string> environment) =>
        Assert.IsType<ConfigurationOutcome.Start>(Read(arguments, environment)).Configuration;

    private static ConfigurationOutcome Read(string[] arguments, Dictionary<string, string> environment) =>
        ConfigurationReader.Read(
            arguments,
            new ConfigurationSources(environment, _ => throw new FileNotFoundException(), _ => true));
}
