using System.Diagnostics;
using System.Text;
using System.Text.Unicode;
using Grpc.Core;
using Kv.Grpc;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Metrics;
using Kv.Server.Tracing;
using Kv.Store;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Primitives;

namespace Kv.Server.Observers;

/// <summary>What etcd does around every call: counts it by the version that the client says it has, turns away who
/// wants a leader while there is none, and tells of unary calls that took long. Any thread's.</summary>
internal sealed class CallObserver(
    RequestMetrics metrics, ReplicaView view, TimeSpan slow, HandlingTimes? times, TimeProvider clock, ILogger log)
    : ICallObserver
{
    private const string VersionHeader = "client-api-version";
    private const string LeaderHeader = "hasleader";

    public Status OnBegun(GrpcCall call)
    {
        if (Spans.AreWanted)
            call.Span = CallSpans.Begin(call);
        string? version = null;
        if (call.TryGetHeader(VersionHeader, out StringValues versions) && !TryReadUtf8(versions[0], out version))
            return Refusal.ToStatus(KvError.InvalidClientApiVersion);
        metrics.CountClient(isStream: call.Called.Type != MethodType.Unary, version);

        bool wantsLeader = view.Leader == default && call.TryGetHeader(LeaderHeader, out StringValues wish)
            && wish[0] == "true";
        return wantsLeader ? Refusal.ToStatus(KvError.NoLeader) : Status.DefaultSuccess;
    }

    public void OnEnded(GrpcCall call, StatusCode code)
    {
        if (call.Span is { } span)
            CallSpans.End(span, code);
        bool isUnary = call.Called.Type == MethodType.Unary;
        if (!isUnary && times is null)
            return;
        long end = call.DoneAt != 0 ? call.DoneAt : Stopwatch.GetTimestamp();
        TimeSpan took = Stopwatch.GetElapsedTime(call.BegunAt, end);
        times?.Observe(call.Called, took);
        if (isUnary && took > slow)
            SlowRequests.TellUnary(log, call, clock.GetUtcNow() - took, took);
    }

    // Headers come as Latin-1, in which every byte is a letter.
    private static bool TryReadUtf8(string? header, out string? text)
    {
        text = header;
        if (header is null || Ascii.IsValid(header))
            return true;
        byte[] bytes = Encoding.Latin1.GetBytes(header);
        text = Encoding.UTF8.GetString(bytes);
        return Utf8.IsValid(bytes);
    }
}
