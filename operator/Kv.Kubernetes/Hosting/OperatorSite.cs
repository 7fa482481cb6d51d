using System.Net;
using Kv.Kubernetes.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kv.Kubernetes.Hosting;

/// <summary>What the operator serves over HTTP, for the kubelet and for Prometheus:
/// <code>
/// /healthz   200 while the process is worth keeping: informers hear, the election turns
/// /readyz    200 once the caches are filled, whether it leads or stands by
/// /metrics   in the text format of Prometheus
/// </code>
/// and, beside the metrics, the pages that the operator has. A check that fails is told in the body; <c>?verbose</c>
/// tells all of them. Health and metrics may be on different addresses, so that metrics can be kept from the
/// network.</summary>
public sealed class OperatorSite : IAsyncDisposable
{
    private const string PrometheusType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly WebApplication _app;

    private OperatorSite(WebApplication app) => _app = app;

    /// <summary>The addresses in use, of health and of metrics; where port 0 was asked for, with the port that was
    /// found.</summary>
    public IReadOnlyList<Uri> Addresses => [.. _app.Urls.Select(each => new Uri(each))];

    /// <param name="health">Where to answer for health and readiness.</param>
    /// <param name="metrics">Where to answer for metrics; the same for both on one.</param>
    /// <param name="live">What <c>/healthz</c> asks.</param>
    /// <param name="ready">What <c>/readyz</c> asks.</param>
    /// <param name="exporter">What <c>/metrics</c> shows.</param>
    /// <param name="pages">Further pages beside the metrics, by their path; null for none.</param>
    public static async Task<OperatorSite> StartAsync(
        IPEndPoint health,
        IPEndPoint metrics,
        HealthChecks live,
        HealthChecks ready,
        MetricsExporter exporter,
        IReadOnlyDictionary<string, RequestDelegate>? pages = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Listen(health);
            if (!metrics.Equals(health))
                kestrel.Listen(metrics);
        });
        var app = builder.Build();
        bool isShared = metrics.Equals(health);
        app.Run(context =>
        {
            // Port 0 stands for any: then the two cannot be told apart, and both serve all.
            int port = context.Connection.LocalPort;
            bool servesHealth = isShared || health.Port == 0 || port == health.Port;
            bool servesMetrics = isShared || metrics.Port == 0 || port == metrics.Port;
            string path = context.Request.Path.Value ?? "";
            return path switch
            {
                "/healthz" when servesHealth => AnswerAsync(context, live),
                "/readyz" when servesHealth => AnswerAsync(context, ready),
                "/metrics" when servesMetrics => WriteAsync(context, 200, PrometheusType, exporter.Write()),
                _ when servesMetrics && pages?.GetValueOrDefault(path) is { } page => page(context),
                _ => WriteAsync(context, 404, "text/plain", "There is /healthz, /readyz and /metrics.\n"),
            };
        });
        await app.StartAsync();
        return new OperatorSite(app);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static Task AnswerAsync(HttpContext context, HealthChecks checks)
    {
        (bool isHealthy, string report) = checks.Run();
        bool tellsAll = !isHealthy || context.Request.Query.ContainsKey("verbose");
        return WriteAsync(context, isHealthy ? 200 : 503, "text/plain", tellsAll ? report : "ok");
    }

    private static Task WriteAsync(HttpContext context, int code, string type, string body)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = type;
        return context.Response.WriteAsync(body);
    }
}
