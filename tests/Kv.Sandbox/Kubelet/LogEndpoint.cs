using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Kv.Sandbox.Kubelet;

/// <summary>Serves what containers have printed, at the path by which API servers ask kubelets.</summary>
internal sealed class LogEndpoint(Func<string, string, PodWorker?> find) : IAsyncDisposable
{
    private WebApplication? _web;

    public int Port { get; private set; }

    public async Task StartAsync(string address, CancellationToken cancelled)
    {
        var host = IPAddress.Parse(address);
        Port = ApiServer.Storage.StoreNode.FreePort(host);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton<IHostLifetime, ApiServer.SilentLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Listen(new IPEndPoint(host, Port));
        });
        _web = builder.Build();
        _web.Run(AnswerAsync);
        await _web.StartAsync(cancelled);
    }

    public async ValueTask DisposeAsync()
    {
        if (_web is null)
            return;
        using var atOnce = new CancellationTokenSource();
        await atOnce.CancelAsync();
        await _web.StopAsync(atOnce.Token);
        await _web.DisposeAsync();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        string[] parts = (http.Request.Path.Value ?? "").Split('/', StringSplitOptions.RemoveEmptyEntries);
        ContainerRunner? runner = parts is ["containerLogs", var space, var pod, var container]
            ? find(space, pod)?.Find(container)
            : null;
        ContainerLog? log = http.Request.Query["previous"] == "true" ? runner?.PreviousLog : runner?.Log;
        if (log is null)
        {
            http.Response.StatusCode = 404;
            await http.Response.WriteAsync(
                runner is null ? "there is no such container" : "the container has printed nothing yet",
                    http.RequestAborted);
            return;
        }

        try
        {
            await SendAsync(http, log);
        }
        catch (OperationCanceledException)
        {
            // Nobody listens any more.
        }
    }

    private static async Task SendAsync(HttpContext http, ContainerLog log)
    {
        bool follows = http.Request.Query["follow"] == "true";
        bool hasTimes = http.Request.Query["timestamps"] == "true";
        using var file = new FileStream(log.Path, FileMode.Open, FileAccess.Read,
            FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(file, Encoding.UTF8);
        List<string> first = [];
        while (await reader.ReadLineAsync(http.RequestAborted) is { } line)
            first.Add(line);
        if (int.TryParse(http.Request.Query["tailLines"], CultureInfo.InvariantCulture, out int tail))
            first = [.. first.TakeLast(tail)];
        if (int.TryParse(http.Request.Query["sinceSeconds"], CultureInfo.InvariantCulture, out int seconds))
        {
            string since = DateTime.UtcNow.AddSeconds(-seconds).ToString("yyyy-MM-dd'T'HH:mm:ss",
                CultureInfo.InvariantCulture);
            first = [.. first.Where(line => string.CompareOrdinal(line, since) >= 0)];
        }

        foreach (string line in first)
            await WriteAsync(http, line, hasTimes);
        await http.Response.Body.FlushAsync(http.RequestAborted);
        while (follows)
        {
            Task changed = log.Changed;
            while (await reader.ReadLineAsync(http.RequestAborted) is { } line)
                await WriteAsync(http, line, hasTimes);
            await http.Response.Body.FlushAsync(http.RequestAborted);
            if (log.IsEnded)
                return;
            await changed.WaitAsync(http.RequestAborted);
        }
    }

    private static Task WriteAsync(HttpContext http, string line, bool hasTime)
    {
        int blank = line.IndexOf(' ', StringComparison.Ordinal);
        return http.Response.WriteAsync((hasTime || blank < 0 ? line : line[(blank + 1)..]) + "\n",
            http.RequestAborted);
    }
}
