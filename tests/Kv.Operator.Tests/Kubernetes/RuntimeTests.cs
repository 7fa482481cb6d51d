using System.Net;
using Kv.Kubernetes.Hosting;
using Kv.Kubernetes.LeaderElection;
using Kv.Kubernetes.Reconciliation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>How the process starts and how it ends.</summary>
public sealed class RuntimeTests : IAsyncLifetime
{
    private const string List = "GET /apis/example.io/v1/pets";
    private const string OnePet = """
        {"metadata":{"resourceVersion":"9"},"items":[{"metadata":{"name":"rex","namespace":"n","resourceVersion":"1"}}]}
        """;

    private static readonly TimeSpan Deadline = ElectionBench.Deadline;

    private readonly PetController _controller = new();
    private ElectionBench _bench = null!;

    private FakeApiServer Server => _bench.Server;

    private LeaseServer Leases => _bench.Leases;

    public async ValueTask InitializeAsync()
    {
        _bench = await ElectionBench.StartAsync();
        Server.On("WATCH /apis/example.io/v1/pets", new WatchFeed().Answer);
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Nothing_is_reconciled_before_the_caches_are_filled_and_this_process_leads()
    {
        var filled = new TaskCompletionSource();
        Server.On(List, async context =>
        {
            await filled.Task;
            await Answers.Json(OnePet)(context);
        });
        var runtime = Runtime();
        var running = runtime.RunAsync(_bench.Client, _bench.Stop);
        await Server.RequestAsync(List);
        Assert.False(runtime.Ready.Run().IsHealthy);
        Assert.Null(Leases.Spec);

        filled.SetResult();
        Assert.Equal("reconcile rex 1", await _controller.CallAsync());

        Assert.True(runtime.Ready.Run().IsHealthy);
        Assert.Equal("me", (string?)Leases.Spec?["holderIdentity"]);
        await _bench.StopAsync();
        await running.WaitAsync(Deadline);
        Assert.Equal("", (string?)Leases.Spec?["holderIdentity"]); // released, once all had ended
    }

    [Fact]
    public async Task A_standby_is_ready_and_does_nothing()
    {
        await new LeaderElector(
            _bench.Client,
            new LeaderElectionConfig { LeaseNamespace = "n", LeaseName = "kv", Identity = "other" },
            _bench.Metrics,
            NullLogger.Instance,
            _bench.Time,
            new Kv.Kubernetes.Client.Jitter(new Random(1))).AcquireAsync(default).WaitAsync(Deadline);
        Server.On(List, Answers.Json(OnePet));
        var runtime = Runtime();
        var running = runtime.RunAsync(_bench.Client, _bench.Stop);

        await Server.RequestAsync("GET /apis/coordination.k8s.io/v1/namespaces/n/leases/kv", 2);

        Assert.True(runtime.Ready.Run().IsHealthy);
        Assert.False(runtime.Working.IsCompleted);
        Assert.Equal(0, _controller.Waiting);
        await _bench.StopAsync();
        await running.WaitAsync(Deadline);
        Assert.Equal("other", (string?)Leases.Spec?["holderIdentity"]);
    }

    [Fact]
    public async Task Who_loses_the_lead_stops_its_workers_and_ends_without_touching_the_lease()
    {
        var cancelled = new TaskCompletionSource();
        _controller.OnReconcile = async (pet, token) =>
        {
            await using var registered = token.Register(cancelled.SetResult);
            await cancelled.Task;
            token.ThrowIfCancellationRequested();
            return ReconciliationResult<Pet>.Success(pet);
        };
        Server.On(List, Answers.Json(OnePet));
        var running = Runtime().RunAsync(_bench.Client, _bench.Stop);
        await _controller.CallAsync();

        await _bench.Time.WaitForTimerAsync(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(2.5));
        Leases.Seize("another");
        _bench.Time.Advance(TimeSpan.FromSeconds(2.5));

        await Assert.ThrowsAsync<LeadershipLostException>(() => running.WaitAsync(Deadline));
        Assert.True(cancelled.Task.IsCompleted);
        Assert.Equal("another", (string?)Leases.Spec?["holderIdentity"]);
    }

    [Fact]
    public async Task Caches_that_cannot_be_filled_fail_the_start_and_are_named()
    {
        Server.On(List, Answers.Status(403, "Forbidden", "pets is forbidden"));
        var running = Runtime().RunAsync(_bench.Client, _bench.Stop);
        await _bench.Time.WaitForTimerAsync(TimeSpan.FromSeconds(110), TimeSpan.FromSeconds(121));

        for (int step = 0; step < 30 && !running.IsCompleted; step++)
            _bench.Time.Advance(TimeSpan.FromSeconds(5));

        var failure = await Assert.ThrowsAsync<TimeoutException>(() => running.WaitAsync(Deadline));
        Assert.Contains("pets.example.io", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Health_readiness_and_figures_are_served()
    {
        var address = new IPEndPoint(IPAddress.Parse("127.4.7.2"), 0);
        var (live, ready) = (new HealthChecks(), new HealthChecks());
        string? finding = "not yet";
        ready.Add("caches", () => finding);
        live.Add("lane", () => null);
        _bench.Metrics.Meter.CreateCounter<long>("kv_test_total", description: "A \"test\"\nof two lines").Add(
            3, new KeyValuePair<string, object?>("name", "a\"b\\c"));
        await using var site = await OperatorSite.StartAsync(address, address, live, ready, _bench.Metrics.Exporter);
        using var http = new HttpClient { BaseAddress = site.Addresses[0] };

        Assert.Equal("ok", await http.GetStringAsync("/healthz"));
        Assert.Equal("[+]lane ok\n", await http.GetStringAsync("/healthz?verbose"));
        using var unready = await http.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, unready.StatusCode);
        Assert.Equal("[-]caches failed: not yet\n", await unready.Content.ReadAsStringAsync());
        finding = null;
        Assert.Equal("ok", await http.GetStringAsync("/readyz"));
        Assert.Contains(
            "# HELP kv_test_total A \"test\"\\nof two lines\n# TYPE kv_test_total counter\n" +
            "kv_test_total{name=\"a\\\"b\\\\c\"} 3\n",
            await http.GetStringAsync("/metrics"),
            StringComparison.Ordinal);
        using var missing = await http.GetAsync("/other");
        Assert.Equal(HttpStatusCode.NotFound, missing.StatusCode);
    }

    [Fact]
    public void Histograms_are_written_with_their_buckets()
    {
        var histogram = _bench.Metrics.Meter.CreateHistogram(
            "kv_seconds",
            advice: new System.Diagnostics.Metrics.InstrumentAdvice<double> { HistogramBucketBoundaries = [0.5, 1] });
        foreach (double value in (double[])[0.1, 0.5, 0.7, 9])
            histogram.Record(value);

        Assert.Contains(
            "# TYPE kv_seconds histogram\nkv_seconds_bucket{le=\"0.5\"} 2\nkv_seconds_bucket{le=\"1\"} 3\n" +
            "kv_seconds_bucket{le=\"+Inf\"} 4\nkv_seconds_sum 10.3\nkv_seconds_count 4\n",
            _bench.Metrics.Exporter.Write(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Requests_are_counted_under_the_names_of_client_go()
    {
        await _bench.Client.GetAsync<Pet>("rex", "n");

        string text = _bench.Metrics.Exporter.Write();
        string host = Server.Url.Authority;
        Assert.Contains(
            $"rest_client_requests_total{{code=\"404\",host=\"{host}\",method=\"GET\"}} 1\n",
            text,
            StringComparison.Ordinal);
        Assert.Matches("(?m)^process_resident_memory_bytes [1-9][0-9]{6,}$", text);
        Assert.Contains(
            $"rest_client_request_duration_seconds_count{{host=\"{host}\",verb=\"get\"}} 1\n",
            text,
            StringComparison.Ordinal);
    }

    private OperatorRuntime Runtime()
    {
        var settings = new OperatorSettings
        {
            Name = "test",
            LeaderElection = new LeaderElectionConfig { LeaseNamespace = "n", LeaseName = "kv", Identity = "me" },
        };
        var runtime = new OperatorRuntime(
            _bench.Client, settings, _bench.Metrics, NullLoggerFactory.Instance, _bench.Time);
        runtime.AddController(_controller, new ControllerOptions { Name = "pets" });
        return runtime;
    }
}
