using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;
using Kv.Testing;

namespace Kv.Operator.Tests.Hosting;

[CollectionDefinition(nameof(AllocationTests), DisableParallelization = true)]
public static class AllocationTests
{
}

/// <summary>What the operator costs, as a process of its own, while it looks after many clusters.</summary>
[Collection(nameof(AllocationTests))]
public sealed partial class FleetTests(ApiServerFixture fixture, ITestOutputHelper output)
    : IClassFixture<ApiServerFixture>, IDisposable
{
    private const string ApiVersion = "kvoperator.io/v1";
    private const int LinesMax = 10_000;
    private const int Clusters = 100;
    private const long ResidentMax = 150L << 20;
    private const double RequestsPerSecondMax = 2;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(20);
    private static readonly string[] Kinds =
        ["pods", "persistentvolumeclaims", "services", "secrets", "events"];

    private static readonly IPEndPoint Metrics = new(IPAddress.Parse("127.88.4.1"), 28081);

    private readonly TempDirectory _folder = new();
    private readonly HttpClient _http = new();
    private readonly ConcurrentQueue<string> _log = new();

    public void Dispose()
    {
        _http.Dispose();
        _folder.Dispose();
    }

    /// <summary>All requests to the API server are counted, the renewals of the lease among them; what members are
    /// asked does not go there and is not. Meanwhile somebody looks at the status page, which asks nobody.</summary>
    [Fact]
    public async Task A_hundred_clusters_that_are_as_wanted_cost_next_to_nothing()
    {
        string space = await fixture.NamespaceAsync();
        await using var fleet = new FakeFleet(fixture.Client, space, net: 88);
        await fleet.StartAsync(Clusters);
        await fixture.ClustersDefinedAsync();
        using Process process = Start(space);
        try
        {
            await CreateAsync(space);
            await UntilAllRunAsync(space, process);
            string versions = await UntilQuietAsync(space);
            double before = await RequestsAsync();
            await LookAsync();
            await PassAsync(Window);
            double after = await RequestsAsync();

            Assert.Equal(versions, await VersionsAsync(space));
            double perSecond = (after - before) / Window.TotalSeconds;
            long resident = ResidentOf(process);
            output.WriteLine($"{perSecond:0.00} requests a second, {resident >> 20} MiB");
            Assert.True(perSecond < RequestsPerSecondMax, $"{perSecond} requests a second.");
            Assert.True(resident < ResidentMax, $"{resident >> 20} MiB.");
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task The_status_page_can_be_turned_off()
    {
        string space = await fixture.NamespaceAsync();
        await fixture.ClustersDefinedAsync();
        using Process process = Start(space, "--status-page=false");
        try
        {
            string figures = await UntilScrapedAsync(process);
            using HttpResponseMessage page = await _http.GetAsync($"http://{Metrics}/");
            using HttpResponseMessage events = await _http.GetAsync($"http://{Metrics}/events");

            Assert.Contains("workqueue_depth", figures, StringComparison.Ordinal);
            Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (page.StatusCode, events.StatusCode));
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    private async Task<string> UntilScrapedAsync(Process process)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            bool isInTime = !process.HasExited && Stopwatch.GetElapsedTime(start) < Patience;
            Assert.True(isInTime, string.Join('\n', _log.TakeLast(20)));
            try
            {
                return await _http.GetStringAsync($"http://{Metrics}/metrics");
            }
            catch (HttpRequestException)
            {
                await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
            }
        }
    }

    /// <summary>The published program, with the settings it is published with.</summary>
    private Process Start(string space, params string[] flags)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "kv-operator");
        string kubeconfig = _folder["kubeconfig"];
        Kubeconfig.Write(kubeconfig, fixture.Server.Url, fixture.Server.AuthorityPem, SharedApiServer.AdminToken);
        var start = new ProcessStartInfo(program,
        [
            $"--kubeconfig={kubeconfig}", $"--namespaces={space}", $"--lease-namespace={space}",
            $"--metrics-address={Metrics}", $"--health-address={Metrics.Address}:{Metrics.Port + 1}",
            "--qps=1000", "--burst=1000", .. flags,
        ])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Process process = Process.Start(start)!;
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Keep(string? line)
    {
        if (line is not null && _log.Count < LinesMax)
            _log.Enqueue(line);
    }

    private async Task CreateAsync(string space)
    {
        for (int number = 0; number < Clusters; number++)
        {
            await fixture.Client.CreateAsync(ObjectPath.Of(ApiVersion, "kvclusters", space), JsonFields.ParseObject(
                $$"""
                {
                  "apiVersion": "{{ApiVersion}}", "kind": "KvCluster", "metadata": { "name": "c{{number}}" },
                  "spec": { "replicas": 1 }
                }
                """));
        }
    }

    private async Task UntilAllRunAsync(string space, Process process)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(500));
        long start = Stopwatch.GetTimestamp();
        int running = 0;
        while (running < Clusters && await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken))
        {
            JsonObject list = await fixture.Client.GetAsync(ObjectPath.Of(ApiVersion, "kvclusters", space));
            running = list.Items("items").Count(each => each.Text("status", "phase") == "Running");
            bool isInTime = !process.HasExited && Stopwatch.GetElapsedTime(start) < Patience;
            Assert.True(isInTime, $"{running} run.\n{string.Join('\n', _log.TakeLast(20))}");
        }
    }

    /// <summary>Waits until nothing has been written for a while: events are told a little later.</summary>
    private async Task<string> UntilQuietAsync(string space)
    {
        for (string last = ""; ;)
        {
            string versions = await VersionsAsync(space);
            if (versions == last)
                return versions;
            last = versions;
            await PassAsync(TimeSpan.FromSeconds(4));
        }
    }

    /// <summary>What was measured has to last; there is no event to wait for.</summary>
    private static async Task PassAsync(TimeSpan time)
    {
        using var timer = new PeriodicTimer(time);
        await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Names and versions of everything but the lease.</summary>
    private async Task<string> VersionsAsync(string space)
    {
        string[] paths =
        [
            ObjectPath.Of(ApiVersion, "kvclusters", space),
            ObjectPath.Of("policy/v1", "poddisruptionbudgets", space),
            .. Kinds.Select(kind => ObjectPath.Core(kind, space)),
        ];
        var versions = new List<string>();
        foreach (string path in paths)
        {
            JsonObject list = await fixture.Client.GetAsync(path);
            versions.AddRange(list.Items("items").Select(each =>
                $"{path} {each.Text("metadata", "name")} {each.Text("metadata", "resourceVersion")}"));
        }

        return string.Join('\n', versions);
    }

    /// <summary>The requests that the operator has sent to the API server so far, by its own account.</summary>
    private async Task<double> RequestsAsync()
    {
        string figures = await _http.GetStringAsync($"http://{Metrics}/metrics");
        return RequestLine().Matches(figures)
            .Sum(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    private async Task LookAsync()
    {
        for (int view = 0; view < 50; view++)
        {
            string page = await _http.GetStringAsync($"http://{Metrics}/");
            Assert.Contains("100 clusters, 100 of 100 members serve.", page, StringComparison.Ordinal);
        }
    }

    private static long ResidentOf(Process process)
    {
        string line = File.ReadLines($"/proc/{process.Id}/status").Single(each =>
            each.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2], CultureInfo.InvariantCulture)
            << 10;
    }

    [GeneratedRegex(@"(?m)^rest_client_requests_total\{[^}]*\} (\S+)$", RegexOptions.CultureInvariant)]
    private static partial Regex RequestLine();
}
