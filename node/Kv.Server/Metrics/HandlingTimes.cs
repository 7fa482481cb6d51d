using System.Collections.Concurrent;
using Kv.Grpc;

namespace Kv.Server.Metrics;

/// <summary>How long each method's calls took, which <c>--metrics=extensive</c> adds.</summary>
public sealed class HandlingTimes(MetricRegistry registry)
{
    private readonly HistogramFamily _family = registry.HistogramFamily(
        "grpc_server_handling_seconds", Buckets.Handling, "How long calls took.", GrpcMetrics.MethodLabels);

    private readonly ConcurrentDictionary<GrpcMethod, Histogram> _byMethod = new();

    public void Observe(GrpcMethod method, TimeSpan took) =>
        _byMethod.GetOrAdd(method, static (called, family) => family.With(
            called.Name, called.Service, GrpcMetrics.TypeName(called.Type)), _family).Observe(took);
}
