using System.Net;
using Grpc.Core;
using Kv.Grpc;

namespace Kv.Benchmarks.Loads;

/// <summary>A collector that takes all and keeps nothing: what an export costs is seen at who exports.</summary>
internal static class OtlpSink
{
    private static readonly string[] Methods =
    [
        "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    ];

    /// <summary>Serves until it is stopped.</summary>
    public static async Task<int> RunAsync(IPEndPoint address, CancellationToken stop)
    {
        await using var server = new GrpcServer(new GrpcServerOptions { ReceiveMaxBytes = 64 * 1024 * 1024 });
        foreach (string method in Methods)
            server.AddUnary(method, static (_, _, _) => new ValueTask<Status>(Status.DefaultSuccess));
        await server.StartAsync([address], stop);
        var stopped = new TaskCompletionSource();
        await using CancellationTokenRegistration registered = stop.Register(stopped.SetResult);
        await stopped.Task;
        return 0;
    }
}
