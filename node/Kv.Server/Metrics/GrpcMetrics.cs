using Grpc.Core;
using Kv.Grpc;

namespace Kv.Server.Metrics;

/// <summary>What the gRPC server counts by itself, shown under the names that Go's servers use. Every method is there
/// from the start, at 0, so that rates can be computed from the first call on.</summary>
public static class GrpcMetrics
{
    /// <summary>Those that say which method it is.</summary>
    internal static readonly string[] MethodLabels = ["grpc_method", "grpc_service", "grpc_type"];

    private static readonly (StatusCode Code, string Name)[] Codes =
    [
        .. Enum.GetValues<StatusCode>().Select(code => (code, code switch
        {
            StatusCode.OK => "OK",
            StatusCode.Cancelled => "Canceled",
            _ => code.ToString(),
        })),
    ];

    /// <param name="methods">Those of all servers, asked at each reading.</param>
    public static void AddTo(MetricRegistry registry, Func<IReadOnlyList<GrpcMethod>> methods)
    {
        Add("grpc_server_started_total", "Calls begun.", counts => counts.Started);
        Add("grpc_server_msg_received_total", "Messages received.", counts => counts.Received);
        Add("grpc_server_msg_sent_total", "Messages sent.", counts => counts.Sent);
        registry.Add(new ReadFamily(
            "grpc_server_handled_total", MetricKind.Counter, "Calls ended, by status.", () => Handled(methods())));
        registry.Counter("etcd_network_client_grpc_received_bytes_total", "Bytes of clients' messages.")
            .ReadFrom(() => methods().Sum(method => method.Counts.ReceivedBytes));
        registry.Counter("etcd_network_client_grpc_sent_bytes_total", "Bytes of messages to clients.")
            .ReadFrom(() => methods().Sum(method => method.Counts.SentBytes));

        void Add(string name, string help, Func<CallCounts, long> read) =>
            registry.Add(new ReadFamily(name, MetricKind.Counter, help, () => Sorted(methods())
                .Select(method => (Labels(method), (double)read(method.Counts)))));
    }

    internal static string TypeName(MethodType type) => type switch
    {
        MethodType.Unary => "unary",
        MethodType.ClientStreaming => "client_stream",
        MethodType.ServerStreaming => "server_stream",
        _ => "bidi_stream",
    };

    private static IEnumerable<(MetricLabels, double)> Handled(IReadOnlyList<GrpcMethod> methods) =>
        from code in Codes.OrderBy(code => code.Name, StringComparer.Ordinal)
        from method in Sorted(methods)
        select (Labels(method, ("grpc_code", code.Name)), (double)method.Counts.Handled(code.Code));

    private static IEnumerable<GrpcMethod> Sorted(IReadOnlyList<GrpcMethod> methods) =>
        methods.OrderBy(method => method.Name, StringComparer.Ordinal)
            .ThenBy(method => method.Service, StringComparer.Ordinal);

    private static MetricLabels Labels(GrpcMethod method, params ReadOnlySpan<(string, string)> more) =>
        MetricLabels.Of(
        [
            .. more,
            ("grpc_method", method.Name),
            ("grpc_service", method.Service),
            ("grpc_type", TypeName(method.Type)),
        ]);
}
