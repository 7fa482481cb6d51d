using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Kv.Grpc;
using Microsoft.Extensions.Primitives;

namespace Kv.Server.Tracing;

/// <summary>One span for each call, as OpenTelemetry's conventions for RPC name it and what it tells: never what is in
/// requests and answers, nor who the user is. A client that sends the header <c>traceparent</c> finds the span in its
/// own trace (W3C Trace Context).</summary>
internal static class CallSpans
{
    private const string ParentHeader = "traceparent";
    private const string StateHeader = "tracestate";

    // What everybody must be able to pass on (W3C Trace Context §3.3.1.5); longer ones are of no use here.
    private const int StateLettersMax = 512;

    public static Activity? Begin(GrpcCall call)
    {
        Activity? span = TryReadParent(call, out ActivityContext parent)
            ? Spans.Source.StartActivity(call.Called.FullName, ActivityKind.Server, parent)
            : Spans.Source.StartActivity(call.Called.FullName, ActivityKind.Server);
        if (span is not { IsAllDataRequested: true })
            return span;

        span.SetTag("rpc.system", "grpc");
        span.SetTag("rpc.service", call.Called.Service);
        span.SetTag("rpc.method", call.Called.Name);
        TellPeer(span, call.Peer);
        return span;
    }

    public static void End(Activity span, StatusCode code)
    {
        if (span.IsAllDataRequested)
        {
            span.SetTag("rpc.grpc.status_code", (int)code);
            if (IsFaultOfServer(code))
                span.SetStatus(ActivityStatusCode.Error);
        }

        span.Stop();
    }

    private static bool TryReadParent(GrpcCall call, out ActivityContext parent)
    {
        parent = default;
        if (!call.TryGetHeader(ParentHeader, out StringValues given) || given.Count != 1)
            return false;
        string? state = call.TryGetHeader(StateHeader, out StringValues states) ? states.ToString() : null;
        if (state?.Length > StateLettersMax)
            state = null;
        return ActivityContext.TryParse(given[0], state, isRemote: true, out parent);
    }

    /// <param name="peer"><c>ipv4:127.0.0.1:4711</c>, <c>ipv6:[::1]:4711</c> or <c>unix:PATH</c>.</param>
    private static void TellPeer(Activity span, string peer)
    {
        int kind = peer.IndexOf(':', StringComparison.Ordinal);
        int port = peer.LastIndexOf(':');
        if (port <= kind || !int.TryParse(peer.AsSpan(port + 1), CultureInfo.InvariantCulture, out int number))
            return;
        span.SetTag("network.peer.address", peer[(kind + 1)..port].Trim('[', ']'));
        span.SetTag("network.peer.port", number);
    }

    // By the same conventions; the others say that the client asked for what cannot be.
    private static bool IsFaultOfServer(StatusCode code) => code is StatusCode.Unknown
        or StatusCode.DeadlineExceeded
        or StatusCode.Unimplemented
        or StatusCode.Internal
        or StatusCode.Unavailable
        or StatusCode.DataLoss;
}
