using System.Globalization;

namespace Kv.Telemetry;

/// <summary>Reads the standard variables of OpenTelemetry. One that is empty counts as not there, as its specification
/// says; but what makes no sense is a fault here, and not passed over: whoever set it shall learn of it at once, and
/// not from figures that never come. Values are told only where they cannot be secrets.</summary>
public sealed class OtelVariables(Func<string, string?> environment, ICollection<string> faults)
{
    private const string ExporterPrefix = "OTEL_EXPORTER_OTLP_";
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MetricInterval = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan MetricTimeout = TimeSpan.FromSeconds(30);

    /// <param name="flags">Null: none of the program's own flags asks for traces.</param>
    public TelemetrySettings Read(TelemetryIdentity identity, TracingFlags? flags = null)
    {
        if (Switch("OTEL_SDK_DISABLED"))
            return TelemetrySettings.Off;

        bool exportsTraces = IsAsked("TRACES") || flags is not null;
        bool exportsMetrics = IsAsked("METRICS");
        if (!exportsTraces && !exportsMetrics)
            return TelemetrySettings.Off;
        return new TelemetrySettings
        {
            Traces = exportsTraces ? Traces(flags) : null,
            Metrics = exportsMetrics ? Metrics() : null,
            Resource = Resource(identity, flags),
        };
    }

    /// <summary>Whether a signal was asked for: by the name of the exporter, or by where to export to.</summary>
    private bool IsAsked(string signal)
    {
        string name = $"OTEL_{signal}_EXPORTER";
        string[] exporters = (Text(name) ?? "")
            .Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        foreach (string exporter in exporters)
        {
            if (exporter is not ("otlp" or "none"))
                Fault($"{name}: there is no exporter \"{exporter}\", only otlp and none");
        }

        return exporters.Length > 0
            ? exporters.Contains("otlp")
            : Text($"{ExporterPrefix}ENDPOINT") is not null || Text($"{ExporterPrefix}{signal}_ENDPOINT") is not null;
    }

    private TraceSettings Traces(TracingFlags? flags)
    {
        OtlpTarget target = Target("TRACES", flags);
        SpanQueueLimits usual = SpanQueueLimits.Default;
        int spans = Count("OTEL_BSP_MAX_QUEUE_SIZE", usual.SpansMax);
        int batch = Count("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", Math.Min(usual.BatchMax, spans));
        if (batch > spans)
            Fault("OTEL_BSP_MAX_EXPORT_BATCH_SIZE must not be more than OTEL_BSP_MAX_QUEUE_SIZE");
        var queue = new SpanQueueLimits(
            spans,
            batch,
            Milliseconds("OTEL_BSP_SCHEDULE_DELAY", usual.Delay),
            Milliseconds("OTEL_BSP_EXPORT_TIMEOUT", usual.Timeout));
        return new TraceSettings(target, Sampling(flags), queue);
    }

    private MetricSettings Metrics() => new(
        Target("METRICS", flags: null),
        Milliseconds("OTEL_METRIC_EXPORT_INTERVAL", MetricInterval),
        Milliseconds("OTEL_METRIC_EXPORT_TIMEOUT", MetricTimeout));

    private OtlpTarget Target(string signal, TracingFlags? flags)
    {
        TimeSpan timeout = Milliseconds(Nearest(signal, "TIMEOUT"), RequestTimeout);
        string headersName = Nearest(signal, "HEADERS");
        string headers = Text(headersName) ?? "";
        OtelPairs.CheckHeaders(headersName, headers, Fault);
        CheckFile(Nearest(signal, "CERTIFICATE"));
        CheckFile(Nearest(signal, "CLIENT_CERTIFICATE"));
        CheckFile(Nearest(signal, "CLIENT_KEY"));

        bool hasVariable = Text(Nearest(signal, "ENDPOINT")) is not null;
        string? address = flags?.Address ?? (flags is null || hasVariable ? null : TracingFlags.DefaultAddress);
        if (address is not null)
            return new OtlpTarget(FromAddress(address), OtlpTransport.Grpc, headers, timeout);

        OtlpTransport transport = Transport(Nearest(signal, "PROTOCOL"));
        return new OtlpTarget(Endpoint(signal, transport), transport, headers, timeout);
    }

    // The one of the signal if it is there, else that of all.
    private string Nearest(string signal, string what)
    {
        string own = $"{ExporterPrefix}{signal}_{what}";
        return Text(own) is null ? ExporterPrefix + what : own;
    }

    private Uri FromAddress(string address)
    {
        if (Uri.TryCreate($"http://{address}", UriKind.Absolute, out Uri? url)
            && url is { PathAndQuery: "/", UserInfo: "" } && address.EndsWith($":{url.Port}", StringComparison.Ordinal))
        {
            return url;
        }

        Fault($"--distributed-tracing-address must be host:port, not \"{address}\"");
        return new Uri($"http://{TracingFlags.DefaultAddress}");
    }

    private OtlpTransport Transport(string name)
    {
        switch (Text(name))
        {
            case null or "grpc":
                return OtlpTransport.Grpc;
            case "http/protobuf":
                return OtlpTransport.HttpProtobuf;
            case var other:
                Fault($"{name}: \"{other}\" is not supported, only grpc and http/protobuf");
                return OtlpTransport.Grpc;
        }
    }

    private Uri Endpoint(string signal, OtlpTransport transport)
    {
        string name = Nearest(signal, "ENDPOINT");
        bool isForAll = name == $"{ExporterPrefix}ENDPOINT";
        string standard = transport == OtlpTransport.Grpc ? "http://localhost:4317" : "http://localhost:4318";
        string text = Text(name) ?? standard;
        if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https")
            || url.Host.Length == 0)
        {
            // Not told as it stands: it may hold a password.
            Fault($"{name} must be a URL of http or https, such as {standard}");
            return new Uri(standard);
        }

        // What is for all signals is extended by the path of each; what is for one is taken as it stands.
        if (transport == OtlpTransport.Grpc || !isForAll)
            return url;
        string path = url.AbsolutePath.TrimEnd('/');
        return new UriBuilder(url) { Path = $"{path}/v1/{(signal == "TRACES" ? "traces" : "metrics")}" }.Uri;
    }

    private SamplingRule Sampling(TracingFlags? flags)
    {
        const string Name = "OTEL_TRACES_SAMPLER";
        if (flags is { Ratio: { } ratio })
            return new SamplingRule(ratio, FollowsParent: true);

        switch (Text(Name))
        {
            case null:
                // etcd's flag is 0 unless given, and then only traces that began elsewhere are exported.
                return new SamplingRule(flags is null ? 1 : 0, FollowsParent: true);
            case "always_on":
                return new SamplingRule(1, FollowsParent: false);
            case "always_off":
                return new SamplingRule(0, FollowsParent: false);
            case "traceidratio":
                return new SamplingRule(SamplerArgument(), FollowsParent: false);
            case "parentbased_always_on":
                return new SamplingRule(1, FollowsParent: true);
            case "parentbased_always_off":
                return new SamplingRule(0, FollowsParent: true);
            case "parentbased_traceidratio":
                return new SamplingRule(SamplerArgument(), FollowsParent: true);
            case var other:
                Fault(
                    $"{Name}: \"{other}\" is not supported, only always_on, always_off, traceidratio and these with " +
                    "parentbased_ before them");
                return new SamplingRule(0, FollowsParent: true);
        }
    }

    private double SamplerArgument()
    {
        const string Name = "OTEL_TRACES_SAMPLER_ARG";
        if (Text(Name) is not { } text)
            return 1;
        if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double ratio)
            && ratio is >= 0 and <= 1)
        {
            return ratio;
        }

        Fault($"{Name} must be a number from 0 to 1, not \"{text}\"");
        return 0;
    }

    private Dictionary<string, string> Resource(TelemetryIdentity identity, TracingFlags? flags)
    {
        var resource = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["service.name"] = identity.Service,
            ["service.version"] = identity.Version,
            ["service.instance.id"] = identity.Instance,
        };
        const string Name = "OTEL_RESOURCE_ATTRIBUTES";
        foreach ((string key, string value) in OtelPairs.Read(Name, Text(Name) ?? "", Fault))
            resource[key] = value;
        if (Text("OTEL_SERVICE_NAME") is { } service)
            resource["service.name"] = service;
        if (flags?.Service is { } flagged)
            resource["service.name"] = flagged;
        if (flags?.Instance is { Length: > 0 } instance)
            resource["service.instance.id"] = instance;
        return resource;
    }

    private bool Switch(string name)
    {
        string text = Text(name) ?? "false";
        if (bool.TryParse(text, out bool isOn))
            return isOn;
        Fault($"{name} must be true or false, not \"{text}\"");
        return false;
    }

    private TimeSpan Milliseconds(string name, TimeSpan usual) =>
        TimeSpan.FromMilliseconds(Count(name, (int)usual.TotalMilliseconds));

    private int Count(string name, int usual)
    {
        if (Text(name) is not { } text)
            return usual;
        if (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number > 0)
            return number;
        Fault($"{name} must be a whole number of 1 or more, not \"{text}\"");
        return usual;
    }

    private void CheckFile(string name)
    {
        if (Text(name) is { } path && !File.Exists(path))
            Fault($"{name}: there is no file {path}");
    }

    // Both signals may come upon the same one.
    private void Fault(string text)
    {
        if (!faults.Contains(text))
            faults.Add(text);
    }

    private string? Text(string name) => environment(name)?.Trim() is { Length: > 0 } text ? text : null;
}
