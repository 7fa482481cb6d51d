using System.Buffers;
using System.Collections.Concurrent;
using System.Net;
using Grpc.Core;
using Kv.Grpc;
using Kv.Testing;

namespace Kv.Interop.Tests.Telemetry;

/// <summary>A collector of traces by gRPC.</summary>
internal sealed class GrpcCollector : IAsyncDisposable
{
    private readonly GrpcServer _server = new(new GrpcServerOptions());
    private readonly ConcurrentQueue<CollectedSpan> _spans = new();

    private GrpcCollector() =>
        _server.AddUnary("/opentelemetry.proto.collector.trace.v1.TraceService/Export", Take);

    public string Address => _server.EndPoints[0].ToString()!;

    public IReadOnlyCollection<CollectedSpan> Spans => _spans;

    public static async Task<GrpcCollector> StartAsync()
    {
        var collector = new GrpcCollector();
        await collector._server.StartAsync([IPEndPoint.Parse(OtlpCollector.FreeAddress())]);
        return collector;
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    // The answer to all that could be taken is an empty message.
    private ValueTask<Status> Take(ReadOnlySequence<byte> request, GrpcCall call, MessageWriter reply)
    {
        foreach (CollectedSpan span in OtlpBody.Spans(request.ToArray()))
            _spans.Enqueue(span);
        return new ValueTask<Status>(Status.DefaultSuccess);
    }
}
