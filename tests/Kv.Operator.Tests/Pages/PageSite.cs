using System.Net;
using Kv.Kubernetes.Hosting;
using Kv.Kubernetes.Metrics;
using Kv.Operator.Pages;
using Microsoft.AspNetCore.Http;

namespace Kv.Operator.Tests.Pages;

/// <summary>The page as the operator serves it, of a scene that may change.</summary>
internal sealed class PageSite : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly RuntimeMetrics _metrics = new();
    private OperatorSite _site = null!;
    private PageScene _scene;
    private int _reads;

    private PageSite(PageScene scene) => _scene = scene;

    public PageStreams Streams { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public Uri Address => _site.Addresses[0];

    /// <summary>How often the caches were read.</summary>
    public int Reads => Volatile.Read(ref _reads);

    private PageFeed Feed { get; set; } = null!;

    public static async Task<PageSite> StartAsync(
        PageScene scene, TimeProvider? time = null, TimeSpan? writeMax = null)
    {
        var site = new PageSite(scene);
        TimeProvider clock = time ?? TimeProvider.System;
        site.Feed = new PageFeed(site.Read, clock);
        site.Streams = new PageStreams(site.Feed, clock, site._stop.Token)
        {
            WriteMax = writeMax ?? TimeSpan.FromSeconds(60),
        };
        var page = new StatusPage(site.Feed, site.Streams);
        var pages = new Dictionary<string, RequestDelegate> { ["/"] = page.ShowAsync, ["/events"] = page.TellAsync };
        var address = new IPEndPoint(IPAddress.Parse("127.4.9.1"), 0);
        site._site = await OperatorSite.StartAsync(
            address, address, new HealthChecks(), new HealthChecks(), site._metrics.Exporter, pages);
        site.Http = new HttpClient { BaseAddress = site.Address };
        return site;
    }

    /// <summary>Something happens.</summary>
    public void Show(PageScene scene)
    {
        Volatile.Write(ref _scene, scene);
        Feed.OnChange();
    }

    /// <summary>The operator is told to end.</summary>
    public Task StopAsync() => _stop.CancelAsync();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Http.Dispose();
        await _site.DisposeAsync();
        _metrics.Dispose();
        _stop.Dispose();
    }

    private PageScene Read()
    {
        Interlocked.Increment(ref _reads);
        return Volatile.Read(ref _scene);
    }
}
