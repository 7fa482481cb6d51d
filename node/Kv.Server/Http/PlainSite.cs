using System.Globalization;
using System.Text.Json;
using Kv.Server.Configuration;
using Kv.Server.Metrics;

namespace Kv.Server.Http;

/// <summary>All that is served over plain HTTP.
/// <code>
///                               client URLs   metrics URLs
/// /health /livez /readyz             x             x
/// /metrics                           x             x
/// /version                           x
/// /debug/vars                        x
/// </code>
/// On client URLs, browsers are told who may call, and hosts that were not allowed are refused: a page of a stranger
/// must not reach a node by giving its own name our address.</summary>
public sealed class PlainSite(HealthEndpoints health, INodeHealth node, NodeMetrics metrics)
{
    private const string Json = "application/json";

    public async ValueTask<PlainAnswer> AnswerClientAsync(
        PlainRequest request, HttpSettings settings, CancellationToken cancelled)
    {
        if (!IsAllowed(settings.Hosts, HostOf(request)))
        {
            return PlainAnswer.Refuse(
                421, $"The host '{HostOf(request)}' is not allowed here: --host-whitelist says which are.");
        }

        var answer = request.Method == "OPTIONS"
            ? PlainAnswer.Of(200, PlainAnswer.Text, "")
            : await AnswerOwnAsync(request, cancelled);
        string origin = settings.Origins.Contains("*") ? "*" : request.Header("Origin");
        return origin.Length == 0 || !IsAllowed(settings.Origins, origin) ? answer : WithOrigin(answer, origin);
    }

    /// <summary>On a metrics URL.</summary>
    public async ValueTask<PlainAnswer> AnswerMetricsAsync(PlainRequest request, CancellationToken cancelled) =>
        await health.TryAnswerAsync(request, cancelled)
            ?? (request.Path == "/metrics" ? Metrics() : PlainAnswer.NotFound());

    private async ValueTask<PlainAnswer> AnswerOwnAsync(PlainRequest request, CancellationToken cancelled) =>
        request.Path switch
        {
            "/version" => request.Method == "GET" ? Version(node.Versions) : PlainAnswer.OnlyGet(),
            "/debug/vars" => Variables(),
            _ => await AnswerMetricsAsync(request, cancelled),
        };

    private PlainAnswer Metrics()
    {
        metrics.Health.ScrapesInFlight.Increment();
        var text = PrometheusText.Write(metrics.Registry);
        metrics.Health.ScrapesInFlight.Decrement();
        metrics.Health.CountScrape(200);
        return new PlainAnswer(200, PrometheusText.ContentType, text);
    }

    internal static PlainAnswer Version(NodeVersions versions) =>
        PlainAnswer.Of(200, Json, JsonSerializer.Serialize(new Dictionary<string, string>
        {
            ["etcdserver"] = versions.Server,
            ["etcdcluster"] = versions.Cluster,
            ["storage"] = versions.Storage,
        }));

    /// <summary>What Go's <c>expvar</c> shows, as far as there is anything here to show.</summary>
    private PlainAnswer Variables()
    {
        var raft = node.Raft;
        return PlainAnswer.Of(200, Json + "; charset=utf-8", JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["cmdline"] = Environment.GetCommandLineArgs(),
            ["raft.status"] = new Dictionary<string, object>
            {
                ["id"] = Hex(raft.Id),
                ["term"] = raft.Term,
                ["vote"] = Hex(raft.Vote),
                ["commit"] = raft.Commit,
                ["lead"] = Hex(raft.Leader),
                ["raftState"] = raft.State,
                ["applied"] = raft.Applied,
            },
        }));
    }

    private static PlainAnswer WithOrigin(PlainAnswer answer, string origin) =>
        answer.With("Access-Control-Allow-Methods", "POST, GET, OPTIONS, PUT, DELETE")
            .With("Access-Control-Allow-Origin", origin)
            .With("Access-Control-Allow-Headers", "accept, content-type, authorization");

    private static bool IsAllowed(IReadOnlyList<string> allowed, string name) =>
        allowed.Count == 0 || allowed.Contains("*") || allowed.Contains(name);

    /// <summary>The name that was asked for, without a port.</summary>
    private static string HostOf(PlainRequest request)
    {
        string host = request.Header("Host");
        int colon = host.LastIndexOf(':');
        bool hasPort = colon >= 0 && colon > host.LastIndexOf(']');
        return (hasPort ? host[..colon] : host).Trim('[', ']');
    }

    private static string Hex(ulong id) => id.ToString("x", CultureInfo.InvariantCulture);
}
