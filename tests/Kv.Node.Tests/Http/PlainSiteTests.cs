using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Kv.Server.Configuration;
using Kv.Server.Http;
using Kv.Server.Metrics;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Node.Tests.Http;

public sealed class PlainSiteTests : IDisposable
{
    private static readonly HttpSettings Open = new() { Origins = ["*"], Hosts = ["*"] };

    private readonly FakeNode _node = new();
    private readonly NodeMetrics _metrics = new(() => []);
    private readonly PlainSite _site;

    public PlainSiteTests() =>
        _site = new PlainSite(new HealthEndpoints(_node, _metrics.Health, NullLogger.Instance), _node, _metrics);

    /// <summary>Numbers of the recorded requests; <c>http-3.7.1.jsonl</c> has them, and what etcd 3.7.1
    /// answered.</summary>
    public static TheoryData<int> Recorded => [.. Recordings().Keys];

    public void Dispose() => _metrics.Dispose();

    [Theory]
    [MemberData(nameof(Recorded))]
    public async Task Answers_as_etcd_did(int number)
    {
        JsonElement line = Recordings()[number];
        _node.Alarms = number switch
        {
            526 or 527 or 528 => ["NOSPACE"],
            553 or 554 or 555 => ["CORRUPT"],
            _ => [],
        };

        string method = line.GetProperty("method").GetString()!;
        PlainAnswer answer = await AskAsync(method, line.GetProperty("path").GetString()!);

        Assert.Equal(line.GetProperty("status").GetInt32(), answer.Status);
        if (line.TryGetProperty("content_type", out JsonElement type))
            Assert.Equal(type.GetString(), answer.ContentType);
        JsonElement response = line.GetProperty("response");
        string body = method == "HEAD" ? "" : Body(answer);
        if (response.ValueKind == JsonValueKind.Object)
            Assert.Equal(response.GetRawText(), body.TrimEnd('\n'));
        else if (response.GetString() != "(omitted)")
            Assert.Equal(response.GetString()!.Split('\n').Order(), body.Split('\n').Order());
    }

    [Fact]
    public async Task Health_says_what_is_wrong()
    {
        _node.HasLeader = false;
        Assert.Equal(
            (503, "{\"health\":\"false\",\"reason\":\"RAFT NO LEADER\"}\n"),
            Short(await AskAsync("GET", "/health")));
        Assert.Equal(200, (await AskAsync("GET", "/health?serializable=true")).Status);

        _node.HasLeader = true;
        _node.ReadError = "etcdserver: request timed out";
        Assert.Equal(
            (503, "{\"health\":\"false\",\"reason\":\"RANGE ERROR:etcdserver: request timed out\"}\n"),
            Short(await AskAsync("GET", "/health")));

        _node.Alarms = ["NOSPACE", "CORRUPT"];
        Assert.Equal(
            (503, "{\"health\":\"false\",\"reason\":\"ALARM CORRUPT\"}\n"),
            Short(await AskAsync("GET", "/health?exclude=NOSPACE")));
        Assert.Equal(3, _metrics.Health.Unhealthy.Value);
        Assert.Equal(1, _metrics.Health.Healthy.Value);
    }

    [Fact]
    public async Task A_failed_check_is_always_told()
    {
        _node.IsLearner = true;
        _node.ReadError = "etcdserver: no leader";

        PlainAnswer ready = await AskAsync("GET", "/readyz?exclude=linearizable_read&exclude=data_corruption");

        Assert.Equal(
            (503,
                "[-]serializable_read failed: range error: etcdserver: no leader\n" +
                "[-]non_learner failed: not supported for learner\n\n"),
            Short(ready));
        Assert.Equal([("X-Content-Type-Options", "nosniff")], ready.Headers.Take(1));
        Assert.Equal(503, (await AskAsync("GET", "/livez")).Status);
        Assert.Equal(200, (await AskAsync("GET", "/readyz/data_corruption")).Status);
    }

    [Fact]
    public async Task Reads_are_linearizable_only_where_that_is_asked()
    {
        await AskAsync("GET", "/livez");
        Assert.Equal([false], _node.Reads);
        await AskAsync("GET", "/readyz");
        Assert.Equal([false, false, true], _node.Reads);
        await AskAsync("GET", "/health");
        await AskAsync("GET", "/health?serializable=true");
        Assert.Equal([false, false, true, true, false], _node.Reads);
    }

    [Fact]
    public async Task Refusals_say_which_method_is_allowed()
    {
        PlainAnswer answer = await AskAsync("POST", "/version");

        Assert.Contains(("Allow", "GET"), answer.Headers);
        Assert.Contains(("X-Content-Type-Options", "nosniff"), answer.Headers);
    }

    [Fact]
    public async Task Metrics_urls_serve_no_more_than_metrics_and_health()
    {
        foreach ((string path, int status) in new[]
        {
            ("/metrics", 200), ("/health", 200), ("/livez", 200), ("/readyz", 200),
            ("/version", 404), ("/debug/vars", 404), ("/", 404),
        })
        {
            PlainAnswer answer = await _site.AnswerMetricsAsync(Request("GET", path), Cancelled);
            Assert.True(status == answer.Status, path);
        }
    }

    [Fact]
    public async Task Browsers_are_told_which_origins_may_call()
    {
        HttpSettings one = Open with { Origins = ["http://a:1"] };

        Assert.Contains(("Access-Control-Allow-Origin", "*"), (await AskAsync("GET", "/version")).Headers);
        Assert.Contains(
            ("Access-Control-Allow-Origin", "http://a:1"),
            (await AskAsync("GET", "/version", one, ("Origin", "http://a:1"))).Headers);
        Assert.DoesNotContain(
            (await AskAsync("GET", "/version", one, ("Origin", "http://b:1"))).Headers,
            header => header.Name.StartsWith("Access-Control", StringComparison.Ordinal));
        PlainAnswer options = await AskAsync("OPTIONS", "/health");
        Assert.Equal((200, ""), Short(options));
    }

    [Theory]
    [InlineData("etcd.example:2379", 200)]
    [InlineData("etcd.example", 200)]
    [InlineData("[::1]:2379", 200)]
    [InlineData("evil.example:2379", 421)]
    [InlineData("", 421)]
    public async Task Hosts_that_were_not_allowed_are_refused(string host, int status)
    {
        HttpSettings settings = Open with { Hosts = ["etcd.example", "::1"] };

        Assert.Equal(status, (await AskAsync("GET", "/version", settings, ("Host", host))).Status);
    }

    private static CancellationToken Cancelled => TestContext.Current.CancellationToken;

    private ValueTask<PlainAnswer> AskAsync(string method, string path) => AskAsync(method, path, Open);

    private ValueTask<PlainAnswer> AskAsync(
        string method, string path, HttpSettings settings, params (string Name, string Value)[] headers) =>
        _site.AnswerClientAsync(Request(method, path, headers), settings, Cancelled);

    private static PlainRequest Request(string method, string path, params (string Name, string Value)[] headers)
    {
        string[] parts = path.Split('?', 2);
        var query = QueryHelpers.ParseQuery(parts.Length == 2 ? parts[1] : "");
        return new PlainRequest(
            method, parts[0], name => query.GetValueOrDefault(name),
            name => headers.FirstOrDefault(header => header.Name == name).Value ?? "");
    }

    private static (int Status, string Body) Short(PlainAnswer answer) => (answer.Status, Body(answer));

    private static string Body(PlainAnswer answer) => Encoding.UTF8.GetString(answer.Body.Span);

    private static Dictionary<int, JsonElement> Recordings() =>
        File.ReadAllLines(Path.Combine(SourceFolder(), "http-3.7.1.jsonl"))
            .Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(line => line.GetProperty("n").GetInt32());

    private static string SourceFolder([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;

    private sealed class FakeNode : INodeHealth
    {
        public bool HasLeader { get; set; } = true;

        public bool IsLearner { get; set; }

        public IReadOnlyList<string> Alarms { get; set; } = [];

        public string? ReadError { get; set; }

        public List<bool> Reads { get; } = [];

        public NodeVersions Versions { get; } = new("3.7.1", "3.7.0", "3.7.0");

        public RaftSummary Raft { get; } = new(1, 2, 1, 5, 1, "StateLeader", 5);

        public ValueTask<string?> TryReadAsync(bool isLinearizable, CancellationToken cancelled)
        {
            Reads.Add(isLinearizable);
            return ValueTask.FromResult(ReadError);
        }
    }
}
