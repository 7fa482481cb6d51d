using Kv.Kubernetes;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Events;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Kv.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Operator.Tests.Kubernetes;

public sealed class EventTests : IAsyncLifetime
{
    private const string Post = "POST /apis/events.k8s.io/v1/namespaces/n/events";

    private static readonly V1Pod Pod = new() { Metadata = { Name = "a", NamespaceProperty = "n", Uid = "u-1" } };

    private readonly ManualTime _time = new();
    private readonly RuntimeMetrics _metrics = new();
    private FakeApiServer _server = null!;
    private KubernetesClient _client = null!;
    private EventRecorder _recorder = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync();
        _server.On(Post, Answers.Json(
            """{"kind":"Event","apiVersion":"events.k8s.io/v1","metadata":{"name":"a.1","namespace":"n"}}""", 201));
        var config = new KubernetesClientConfiguration { Host = _server.Url, Burst = 1000 };
        _client = new KubernetesClient(config, _metrics, _time);
        _recorder = new EventRecorder(_client, "kvoperator.io/kv-operator", "pod-1", NullLogger.Instance, _time);
    }

    public async ValueTask DisposeAsync()
    {
        await _recorder.DisposeAsync();
        _client.Dispose();
        _metrics.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task An_event_says_who_did_what_to_which_object_and_why()
    {
        _recorder.Publish(Pod, "MemberReplaced", "m2 was lost", EventType.Warning, "Replace");

        var body = (await _server.RequestAsync(Post)).Json!;
        Assert.Equal(("MemberReplaced", "m2 was lost"), ((string?)body["reason"], (string?)body["note"]));
        Assert.Equal(("Warning", "Replace"), ((string?)body["type"], (string?)body["action"]));
        Assert.Equal("kvoperator.io/kv-operator", (string?)body["reportingController"]);
        Assert.Equal("pod-1", (string?)body["reportingInstance"]);
        Assert.Equal(("Pod", "u-1"), ((string?)body["regarding"]?["kind"], (string?)body["regarding"]?["uid"]));
        Assert.Matches(@"^1970-01-01T00:00:00\.\d{6}Z$", (string?)body["eventTime"]);
    }

    [Fact]
    public async Task The_same_again_counts_up_the_event_that_is_there_until_it_has_been_quiet()
    {
        const string Patch = "PATCH /apis/events.k8s.io/v1/namespaces/n/events/a.1";
        _server.On(Patch, Answers.Json("""{"kind":"Event","metadata":{"name":"a.1","namespace":"n"}}"""));

        _recorder.Publish(Pod, "Waiting", "for quorum");
        _recorder.Publish(Pod, "Waiting", "for quorum");
        _recorder.Publish(Pod, "Waiting", "for quorum");
        var second = (await _server.RequestAsync(Patch, 2)).Json!;
        _recorder.Publish(Pod, "Waiting", "for a node");
        await _server.RequestAsync(Post, 2);
        _time.Advance(TimeSpan.FromMinutes(7));
        _recorder.Publish(Pod, "Waiting", "for quorum");
        await _server.RequestAsync(Post, 3);

        Assert.Equal(3, (int?)second["series"]?["count"]);
        Assert.NotNull((string?)second["series"]?["lastObservedTime"]);
    }

    [Fact]
    public async Task An_event_that_has_expired_at_the_server_is_written_anew()
    {
        _recorder.Publish(Pod, "Waiting", "for quorum");
        _recorder.Publish(Pod, "Waiting", "for quorum"); // its patch finds nothing

        await _server.RequestAsync(Post, 2);
    }

    [Fact]
    public async Task An_object_may_have_a_burst_and_then_one_in_five_minutes()
    {
        for (int each = 0; each < 40; each++)
            _recorder.Publish(Pod, "Reason", $"note {each}");
        var other = new V1Pod { Metadata = { Name = "b", NamespaceProperty = "n", Uid = "u-2" } };
        _recorder.Publish(other, "Reason", "of another object");
        await _server.RequestAsync(Post, 26);
        _time.Advance(TimeSpan.FromMinutes(5));
        _recorder.Publish(Pod, "Reason", "later");

        var last = await _server.RequestAsync(Post, 27);
        Assert.Equal("later", (string?)last.Json?["note"]);
        Assert.Equal(27, _server.Requests.Count);
    }

    [Fact]
    public async Task A_long_note_is_cut_between_characters()
    {
        _recorder.Publish(Pod, "Reason", new string('x', 1020) + "öööö");

        string note = (string?)(await _server.RequestAsync(Post)).Json!["note"] ?? "";
        Assert.Equal(1023, System.Text.Encoding.UTF8.GetByteCount(note));
        Assert.EndsWith("x...", note, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_told_before_the_end_is_written()
    {
        for (int each = 0; each < 10; each++)
            _recorder.Publish(Pod, "Reason", $"note {each}");

        await _recorder.DisposeAsync();

        Assert.Equal(10, _server.Requests.Count);
        _recorder.Publish(Pod, "Reason", "too late"); // is dropped, and nothing breaks
    }
}
