using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Wire;
using Kv.Testing;

namespace Kv.Interop.Tests.Telemetry;

/// <summary>Calls that bring a trace with them, and the variables by which nodes export.</summary>
internal static class TracedNode
{
    public const string TraceId = "0af7651916cd43dd8448eb211c80319c";
    public const string SpanId = "b7ad6b7169203331";
    public const string Secret = "nobody-but-the-client-knows";

    /// <summary>Exports at once, and in small pieces.</summary>
    public static Dictionary<string, string> Variables(Uri collector) => new()
    {
        ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.ToString(),
        ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
        ["OTEL_BSP_SCHEDULE_DELAY"] = "50",
        ["OTEL_METRIC_EXPORT_INTERVAL"] = "100",
    };

    public static NodeSettings With(this NodeSettings settings, params (string Name, string Value)[] variables)
    {
        var all = new Dictionary<string, string>(settings.Environment);
        foreach ((string name, string value) in variables)
            all[name] = value;
        return settings with { Environment = all };
    }

    /// <summary>Puts a secret under a secret.</summary>
    /// <param name="flags">"01" if the client exports its trace, "00" if not; null if it has none.</param>
    public static async Task PutAsync(NodeProcess node, string? flags = "01", string traceId = TraceId)
    {
        using var grpc = new RawGrpc(node.Url);
        var secret = ByteString.CopyFromUtf8(Secret);
        var put = new PutRequest { Key = secret, Value = secret };
        Dictionary<string, string> headers = new() { ["token"] = Secret };
        if (flags is not null)
            headers["traceparent"] = $"00-{traceId}-{SpanId}-{flags}";
        RawAnswer answer = await grpc.CallAsync("/etcdserverpb.KV/Put", [put.ToByteArray()], headers);
        Assert.True(answer.Succeeded, answer.Detail);
    }

    /// <summary>Looks for what <see cref="PutAsync"/> has put.</summary>
    public static async Task RangeAsync(
        NodeProcess node, bool isSerializable, string method = "Range", string traceId = TraceId)
    {
        using var grpc = new RawGrpc(node.Url);
        var range = new RangeRequest { Key = ByteString.CopyFromUtf8(Secret), Serializable = isSerializable };
        Dictionary<string, string> headers = new() { ["traceparent"] = $"00-{traceId}-{SpanId}-01" };
        RawAnswer answer = await grpc.CallAsync($"/etcdserverpb.KV/{method}", [range.ToByteArray()], headers);
        Assert.True(answer.Succeeded, answer.Detail);
    }

    public static CollectedSpan? Find(this OtlpCollector collector, string name, string traceId = TraceId) =>
        collector.Spans.FirstOrDefault(span => span.Name == name && span.TraceId == traceId);
}
