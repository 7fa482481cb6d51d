using Kv.Telemetry;

namespace Kv.Node.Tests.Telemetry;

public sealed class OtelVariablesTests
{
    private static readonly TelemetryIdentity Identity = new("kv-node", "1.2.3", "m1");

    [Fact]
    public void Without_variables_nothing_is_exported() => Assert.False(Read("").IsOn);

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317", true, true)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c:4317", true, false)]
    [InlineData("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT=http://c:4317", false, true)]
    [InlineData("OTEL_TRACES_EXPORTER=otlp", true, false)]
    [InlineData("OTEL_METRICS_EXPORTER=otlp", false, true)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317 OTEL_TRACES_EXPORTER=none", false, true)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:4317 OTEL_SDK_DISABLED=true", false, false)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT= OTEL_TRACES_EXPORTER=", false, false)]
    [InlineData("OTEL_SERVICE_NAME=me OTEL_TRACES_SAMPLER=always_on", false, false)]
    public void A_signal_is_exported_if_it_is_asked_for(string variables, bool traces, bool metrics)
    {
        TelemetrySettings settings = Read(variables);

        Assert.Equal((traces, metrics), (settings.Traces is not null, settings.Metrics is not null));
    }

    [Theory]
    [InlineData("OTEL_TRACES_EXPORTER=otlp", "http://localhost:4317/", OtlpTransport.Grpc)]
    [InlineData("OTEL_TRACES_EXPORTER=otlp OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        "http://localhost:4318/v1/traces", OtlpTransport.HttpProtobuf)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=https://c/in/ OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        "https://c/in/v1/traces", OtlpTransport.HttpProtobuf)]
    [InlineData("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://c:1/in OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf",
        "http://c:1/in", OtlpTransport.HttpProtobuf)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1 OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://d:2",
        "http://d:2/", OtlpTransport.Grpc)]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1 OTEL_EXPORTER_OTLP_TRACES_PROTOCOL=http/protobuf",
        "http://c:1/v1/traces", OtlpTransport.HttpProtobuf)]
    public void A_collector_is_where_the_variables_say(string variables, string url, OtlpTransport transport)
    {
        OtlpTarget target = Read(variables).Traces!.Target;

        Assert.Equal((url, transport), (target.Endpoint.ToString(), target.Transport));
    }

    [Theory]
    [InlineData("", 1, true)]
    [InlineData("OTEL_TRACES_SAMPLER=always_on", 1, false)]
    [InlineData("OTEL_TRACES_SAMPLER=always_off OTEL_TRACES_SAMPLER_ARG=nonsense", 0, false)]
    [InlineData("OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=0.25", 0.25, false)]
    [InlineData("OTEL_TRACES_SAMPLER=parentbased_traceidratio", 1, true)]
    [InlineData("OTEL_TRACES_SAMPLER=parentbased_always_off", 0, true)]
    public void Samplers_are_those_of_the_specification(string variables, double ratio, bool followsParent) =>
        Assert.Equal(
            new SamplingRule(ratio, followsParent),
            Read($"OTEL_TRACES_EXPORTER=otlp {variables}").Traces!.Sampling);

    [Fact]
    public void What_is_exported_says_where_it_comes_from()
    {
        TelemetrySettings usual = Read("OTEL_TRACES_EXPORTER=otlp");
        TelemetrySettings own = Read(
            "OTEL_TRACES_EXPORTER=otlp OTEL_SERVICE_NAME=a OTEL_RESOURCE_ATTRIBUTES=service.name=b,zone=x%2Cy");

        Assert.Equal("kv-node 1.2.3 m1", string.Join(
            ' ', usual.Resource["service.name"], usual.Resource["service.version"],
            usual.Resource["service.instance.id"]));
        Assert.Equal(("a", "x,y"), (own.Resource["service.name"], own.Resource["zone"]));
    }

    [Fact]
    public void A_flag_goes_before_a_variable_and_a_variable_before_what_a_flag_is_by_default()
    {
        const string Variables = "OTEL_EXPORTER_OTLP_ENDPOINT=http://c:1 OTEL_TRACES_SAMPLER=always_on";
        var given = new TracingFlags("d:2", "etcd-1", "i", 0.5);
        var usual = new TracingFlags(null, null, null, null);

        Assert.Equal("http://d:2/", Read(Variables, given).Traces!.Target.Endpoint.ToString());
        Assert.Equal(new SamplingRule(0.5, FollowsParent: true), Read(Variables, given).Traces!.Sampling);
        Assert.Equal("etcd-1", Read("OTEL_SERVICE_NAME=a", given).Resource["service.name"]);
        Assert.Equal("http://c:1/", Read(Variables, usual).Traces!.Target.Endpoint.ToString());
        Assert.Equal(new SamplingRule(1, FollowsParent: false), Read(Variables, usual).Traces!.Sampling);
        Assert.Equal("http://localhost:4317/", Read("", usual).Traces!.Target.Endpoint.ToString());
        Assert.Equal(new SamplingRule(0, FollowsParent: true), Read("", usual).Traces!.Sampling);
    }

    [Theory]
    [InlineData("OTEL_TRACES_EXPORTER=zipkin", "OTEL_TRACES_EXPORTER: there is no exporter \"zipkin\"")]
    [InlineData("OTEL_SDK_DISABLED=yes", "OTEL_SDK_DISABLED must be true or false")]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT=secret:4317", "OTEL_EXPORTER_OTLP_ENDPOINT must be a URL")]
    [InlineData("OTEL_EXPORTER_OTLP_PROTOCOL=http/json", "OTEL_EXPORTER_OTLP_PROTOCOL: \"http/json\" is not supported")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS=secret", "OTEL_EXPORTER_OTLP_HEADERS: number 1 is not of the form")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS=a=secret%2C", "OTEL_EXPORTER_OTLP_HEADERS: number 1 cannot be a header")]
    [InlineData("OTEL_EXPORTER_OTLP_HEADERS=a=b,@=c", "OTEL_EXPORTER_OTLP_HEADERS: number 2 cannot be a header")]
    [InlineData("OTEL_RESOURCE_ATTRIBUTES=a=b,secret", "OTEL_RESOURCE_ATTRIBUTES: number 2 is not of the form")]
    [InlineData("OTEL_TRACES_SAMPLER=jaeger_remote", "OTEL_TRACES_SAMPLER: \"jaeger_remote\" is not supported")]
    [InlineData("OTEL_TRACES_SAMPLER=traceidratio OTEL_TRACES_SAMPLER_ARG=2", "OTEL_TRACES_SAMPLER_ARG must be")]
    [InlineData("OTEL_METRIC_EXPORT_INTERVAL=0", "OTEL_METRIC_EXPORT_INTERVAL must be a whole number")]
    [InlineData("OTEL_EXPORTER_OTLP_TIMEOUT=10s", "OTEL_EXPORTER_OTLP_TIMEOUT must be a whole number")]
    [InlineData("OTEL_BSP_MAX_EXPORT_BATCH_SIZE=4096", "must not be more than OTEL_BSP_MAX_QUEUE_SIZE")]
    [InlineData("OTEL_EXPORTER_OTLP_CERTIFICATE=/nowhere/ca.crt", "OTEL_EXPORTER_OTLP_CERTIFICATE: there is no file")]
    public void What_makes_no_sense_is_told_by_the_name_of_its_variable(string variables, string fault)
    {
        var faults = new List<string>();
        Read($"OTEL_METRICS_EXPORTER=otlp OTEL_TRACES_EXPORTER=otlp {variables}", flags: null, faults);

        Assert.Contains(faults, each => each.Contains(fault, StringComparison.Ordinal));
        Assert.DoesNotContain(faults, each => each.Contains("secret", StringComparison.Ordinal));
    }

    private static TelemetrySettings Read(string variables, TracingFlags? flags = null)
    {
        var faults = new List<string>();
        TelemetrySettings settings = Read(variables, flags, faults);
        Assert.Empty(faults);
        return settings;
    }

    // Later ones take the place of earlier ones.
    private static TelemetrySettings Read(string variables, TracingFlags? flags, List<string> faults)
    {
        var environment = new Dictionary<string, string>();
        foreach (string each in variables.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            environment[each.Split('=')[0]] = each[(each.IndexOf('=') + 1)..];
        return new OtelVariables(name => environment.GetValueOrDefault(name), faults).Read(Identity, flags);
    }
}
