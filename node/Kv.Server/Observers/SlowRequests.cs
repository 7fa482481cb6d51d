using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Kv.Grpc;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Observers;

/// <summary>The lines about what took too long, with etcd's texts and field names; some of these have spaces, which no
/// parameter of a <c>LoggerMessage</c> can.</summary>
internal static class SlowRequests
{
    private static readonly EventId Apply = new(0, "SlowApply");
    private static readonly EventId Unary = new(0, "SlowRequest");

    /// <param name="prefix">What kind of request it is, if it did not come through the log.</param>
    public static void TellApply(
        ILogger log,
        TimeSpan took,
        TimeSpan expected,
        string prefix,
        string request,
        string response,
        KvError error)
    {
        List<KeyValuePair<string, object?>> fields =
        [
            new("took", took), new("expected-duration", expected), new("prefix", prefix), new("request", request),
            new("response", response),
        ];
        if (error != KvError.None)
            fields.Add(new("error", KvErrorTable.Text(error)));
        Warn(log, Apply, "apply request took too long", fields);
    }

    public static void TellUnary(ILogger log, GrpcCall call, DateTimeOffset start, TimeSpan took)
    {
        List<KeyValuePair<string, object?>> fields =
        [
            new("start time", start.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFK", CultureInfo.InvariantCulture)),
            new("time spent", took), new("remote", Address(call.Peer)), new("response type", call.Called.Path),
            new("request size", call.ReceivedBytes), new("response size", call.SentBytes),
        ];
        Warn(log, Unary, "request stats", fields);
    }

    // Go leaves out of which kind it is.
    private static string Address(string peer) => peer[(peer.IndexOf(':') + 1)..];

    [SuppressMessage("Performance", "CA1848", Justification = "A template cannot have fields with such names.")]
    private static void Warn(
        ILogger log, EventId happened, string message, IReadOnlyList<KeyValuePair<string, object?>> fields) =>
        log.Log(LogLevel.Warning, happened, fields, exception: null, (_, _) => message);
}
