using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Storage;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Monitoring;

/// <summary>The real Prometheus, on loopback.</summary>
internal sealed class PrometheusRun : IDisposable
{
    private static readonly string[] Levels = ["warn", "error"];

    private readonly ConcurrentQueue<string> _lines = new();
    private readonly HttpClient _http;
    private readonly Process _process;

    /// <param name="folder">For its data, and where <c>prometheus.yml</c> stands.</param>
    public PrometheusRun(string folder)
    {
        IPAddress address = IPAddress.Loopback;
        string at = $"{address}:{StoreNode.FreePort(address)}";
        _http = new HttpClient { BaseAddress = new Uri($"http://{at}/api/v1/") };
        var start = new ProcessStartInfo(
            "prometheus",
            [
                $"--config.file={Path.Combine(folder, "prometheus.yml")}",
                $"--storage.tsdb.path={Path.Combine(folder, "prometheus-data")}", $"--web.listen-address={at}",
            ])
        {
            RedirectStandardError = true,
        };
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => _lines.Enqueue(line.Data ?? "");
        _process.BeginErrorReadLine();
    }

    /// <summary>What it has to complain about.</summary>
    public IEnumerable<string> Complaints => _lines.Where(line => Levels.Any(
        level => line.Contains($"level={level}", StringComparison.Ordinal)));

    public bool IsRunning => !_process.HasExited;

    public string Log => string.Join('\n', _lines);

    /// <summary>The series that an expression comes to now; the test fails if it is none.</summary>
    public async Task<IReadOnlyList<JsonObject>> QueryAsync(string expression)
    {
        var form = new FormUrlEncodedContent([KeyValuePair.Create("query", expression)]);
        using HttpResponseMessage response = await _http.PostAsync("query", form);
        JsonObject answer = JsonFields.ParseObject(await response.Content.ReadAsByteArrayAsync());
        Assert.True(answer.Text("status") == "success", $"{expression}: {answer.Text("error")}");
        return [.. answer.Items("data", "result")];
    }

    /// <summary>All names of figures that it has.</summary>
    public async Task<IReadOnlyList<string>> NamesAsync() =>
        [.. (await GetAsync("label/__name__/values"))["data"]!.AsArray().Select(name => name!.GetValue<string>())];

    public async Task<IReadOnlyList<JsonObject>> TargetsAsync() =>
        [.. (await GetAsync("targets?state=active")).Items("data", "activeTargets")];

    /// <summary>What fires, as the names of alerts.</summary>
    public async Task<IReadOnlySet<string>> FiringAsync() =>
        (await GetAsync("alerts")).Items("data", "alerts").Where(alert => alert.Text("state") == "firing")
            .Select(alert => alert.Text("labels", "alertname")!).ToHashSet();

    /// <summary>What has fired, be it for a moment.</summary>
    public async Task<IReadOnlySet<string>> FiredAsync() =>
        (await QueryAsync("last_over_time(ALERTS{alertstate=\"firing\"}[30m])"))
            .Select(series => series.Text("metric", "alertname")!).ToHashSet();

    public async Task<bool> IsReadyAsync()
    {
        try
        {
            using HttpResponseMessage answer = await _http.GetAsync("/-/ready");
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public void Dispose()
    {
        if (IsRunning)
            _process.Kill();
        _process.WaitForExit();
        _process.Dispose();
        _http.Dispose();
    }

    private async Task<JsonObject> GetAsync(string path) =>
        JsonFields.ParseObject(await _http.GetByteArrayAsync(path));
}
