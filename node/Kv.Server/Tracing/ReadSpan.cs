using System.Diagnostics;
using Kv.Store;

namespace Kv.Server.Tracing;

/// <summary>A request that only reads, as a span below that of its call, from when it was found to be in order until
/// its answer is ready to be sent; how fast that is taken is the client's affair, but for a stream of messages.
/// <code>
/// etcdserverpb.KV/Range          the call
/// └─ range                       (range_stream, txn)
///    └─ read_index               waits for the leader, if there is one to be asked
/// </code></summary>
internal static class ReadSpan
{
    public const string Range = "range";
    public const string RangeStream = "range_stream";
    public const string Txn = "txn";

    private const string Serializable = "kv.read.serializable";
    private const string Bytes = "kv.read.bytes";

    /// <summary>Null if the span of the call is not exported. To be disposed, which ends it if nothing else
    /// did.</summary>
    public static Activity? Begin(string name, bool isSerializable)
    {
        Activity? span = Spans.BeginChild(name);
        span?.SetTag(Serializable, isSerializable);
        return span;
    }

    /// <param name="bytes">Of the answer; null if it is not known yet.</param>
    public static void End(Activity? span, KvError error, long? bytes = null)
    {
        if (span is null)
            return;
        if (error != KvError.None)
            span.SetTag(Spans.Outcome, error.ToString());
        else if (bytes is { } size)
            span.SetTag(Bytes, size);
        span.Stop();
    }
}
