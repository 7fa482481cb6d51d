using System.Globalization;
using System.Text.Json.Nodes;
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
/// except the JSON form of the API, which <see cref="ClientSite"/> puts beside it.</summary>
public sealed class PlainSite(HealthEndpoints health, INodeHealth node, NodeMetrics metrics)
{
    private const string Json = "application/json";

    public async ValueTask<PlainAnswer> AnswerClientAsync(
        PlainRequest request, HttpSettings settings, CancellationToken cancelled)
    {
        var access = new HttpAccess(settings);
        if (access.Refuse(request) is { } refused)
            return refused;
        var answer = request.Method == "OPTIONS" ? HttpAccess.Preflight : await AnswerOwnAsync(request, cancelled);
        return access.OriginHeaders(request)
            .Aggregate(answer, (before, header) => before.With(header.Name, header.Value));
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
        PlainAnswer.Of(200, Json, new JsonObject
        {
            ["etcdserver"] = versions.Server,
            ["etcdcluster"] = versions.Cluster,
            ["storage"] = versions.Storage,
        }.ToJsonString());

    /// <summary>What Go's <c>expvar</c> shows, as far as there is anything here to show.</summary>
    private PlainAnswer Variables()
    {
        var raft = node.Raft;
        return PlainAnswer.Of(200, Json + "; charset=utf-8", new JsonObject
        {
            ["cmdline"] = new JsonArray([.. Environment.GetCommandLineArgs().Select(each => (JsonNode)each)]),
            ["raft.status"] = new JsonObject
            {
                ["id"] = Hex(raft.Id),
                ["term"] = raft.Term,
                ["vote"] = Hex(raft.Vote),
                ["commit"] = raft.Commit,
                ["lead"] = Hex(raft.Leader),
                ["raftState"] = raft.State,
                ["applied"] = raft.Applied,
            },
        }.ToJsonString());
    }

    private static string Hex(ulong id) => id.ToString("x", CultureInfo.InvariantCulture);
}
