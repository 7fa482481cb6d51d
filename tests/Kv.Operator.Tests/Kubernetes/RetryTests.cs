using System.Net.Http.Headers;
using Kv.Kubernetes;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Kv.Testing;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>What is sent again and what is not.</summary>
public sealed class RetryTests : IAsyncLifetime
{
    private const string Pods = "/api/v1/namespaces/n/pods";
    private static readonly V1Pod Pod = new() { Metadata = { Name = "a", NamespaceProperty = "n" } };

    private readonly ManualTime _time = new();
    private readonly RuntimeMetrics _metrics = new();
    private FakeApiServer _server = null!;

    public async ValueTask InitializeAsync() => _server = await FakeApiServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _metrics.Dispose();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(429, "TooManyRequests")]
    [InlineData(503, "ServiceUnavailable")]
    public async Task A_server_that_is_busy_is_asked_again_when_it_says(int code, string reason)
    {
        using var client = Client();
        _server.On(
            $"POST {Pods}",
            Answers.Status(code, reason, "busy", retryAfter: 7),
            Answers.Json(Answers.Pod("a", "1"), 201));

        var created = client.CreateAsync(Pod);
        await _server.RequestAsync($"POST {Pods}");
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(6.9), TimeSpan.FromSeconds(7.1));
        _time.Advance(TimeSpan.FromSeconds(6.9));
        Assert.Single(_server.Requests);
        _time.Advance(TimeSpan.FromSeconds(0.2));

        Assert.Equal("1", (await created).ResourceVersion());
    }

    [Fact]
    public async Task A_server_that_is_busy_and_says_nothing_of_when_is_not_asked_again()
    {
        using var client = Client();
        _server.On($"POST {Pods}", Answers.Status(500, "InternalError", "etcdserver: request timed out"));

        await Assert.ThrowsAsync<KubernetesException>(() => client.CreateAsync(Pod));

        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_read_that_is_cut_off_is_sent_again()
    {
        using var client = Client();
        _server.On(
            $"GET {Pods}/a",
            Answers.Cut(),
            Answers.CutAfter("""{"kind":"Pod","metadata":{"na"""),
            Answers.Json(Answers.Pod("a", "1")));

        var read = client.GetAsync<V1Pod>("a", "n");
        for (int attempt = 1; attempt <= 2; attempt++)
        {
            await _server.RequestAsync($"GET {Pods}/a", attempt);
            await _time.WaitForTimerAsync(TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(1));
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal("1", (await read)?.ResourceVersion());
    }

    [Fact]
    public async Task A_write_that_is_cut_off_is_not_sent_again_for_it_may_have_happened()
    {
        using var client = Client();
        _server.On($"POST {Pods}", Answers.Cut(), Answers.Json(Answers.Pod("a", "1"), 201));

        await Assert.ThrowsAsync<HttpRequestException>(() => client.CreateAsync(Pod));

        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task A_request_that_is_not_answered_in_time_fails()
    {
        using var client = Client();
        _server.On($"PUT {Pods}/a", Answers.Silence());

        var written = client.UpdateAsync(Pod);
        await _server.RequestAsync($"PUT {Pods}/a");
        _time.Advance(TimeSpan.FromSeconds(30));

        var late = await Assert.ThrowsAsync<TimeoutException>(() => written);
        Assert.Contains("within 30 s", late.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_credential_that_is_refused_is_replaced_once()
    {
        var credential = new CountingCredential();
        using var client = Client(new KubernetesClientConfiguration { Host = _server.Url, Credential = credential });
        _server.On(
            $"GET {Pods}/a",
            Answers.Status(401, "Unauthorized", "Unauthorized"),
            Answers.Json(Answers.Pod("a", "1")),
            Answers.Status(401, "Unauthorized", "Unauthorized"));

        Assert.NotNull(await client.GetAsync<V1Pod>("a", "n"));
        await Assert.ThrowsAsync<KubernetesException>(() => client.GetAsync<V1Pod>("a", "n"));

        Assert.Equal(
            ["Bearer t1", "Bearer t2", "Bearer t2", "Bearer t3"],
            _server.Requests.Select(each => each.Header("Authorization")));
    }

    [Fact]
    public async Task Requests_beyond_the_burst_are_spread()
    {
        using var client = Client(
            new KubernetesClientConfiguration { Host = _server.Url, QueriesPerSecond = 2, Burst = 3 });
        _server.On($"GET {Pods}/a", Answers.Json(Answers.Pod("a", "1")));

        for (int each = 0; each < 3; each++)
            await client.GetAsync<V1Pod>("a", "n");
        Task[] waiting = [client.GetAsync<V1Pod>("a", "n"), client.GetAsync<V1Pod>("a", "n")];
        await _time.WaitForTimerAsync(TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(1.1));

        Assert.Equal(3, _server.Requests.Count);
        _time.Advance(TimeSpan.FromSeconds(0.6));
        await waiting[0];
        Assert.Equal(4, _server.Requests.Count);
        _time.Advance(TimeSpan.FromSeconds(0.6));
        await waiting[1];
    }

    private KubernetesClient Client(KubernetesClientConfiguration? config = null) =>
        new(config ?? new KubernetesClientConfiguration { Host = _server.Url }, _metrics, _time);

    private sealed class CountingCredential : ICredential
    {
        private int _current = 1;

        public ValueTask<ClientIdentity> GetAsync(CancellationToken cancelled) =>
            ValueTask.FromResult(new ClientIdentity(new AuthenticationHeaderValue("Bearer", $"t{_current}"), null));

        public void Reject(ClientIdentity identity) => _current++;
    }
}
