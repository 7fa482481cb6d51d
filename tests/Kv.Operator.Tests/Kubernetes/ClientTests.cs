using System.Net;
using Kv.Kubernetes;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Tests.Kubernetes;

public sealed class ClientTests : IAsyncLifetime
{
    private const string Pods = "/api/v1/namespaces/n/pods";

    private readonly RuntimeMetrics _metrics = new();
    private FakeApiServer _server = null!;
    private KubernetesClient _client = null!;

    public async ValueTask InitializeAsync()
    {
        _server = await FakeApiServer.StartAsync();
        _client = new KubernetesClient(Configuration(), _metrics);
    }

    public async ValueTask DisposeAsync()
    {
        _client.Dispose();
        _metrics.Dispose();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Reads_an_object_or_null()
    {
        _server.On($"GET {Pods}/a", Answers.Json(Answers.Pod("a", "7")));

        var pod = await _client.GetAsync<V1Pod>("a", "n");

        Assert.Equal("uid-a", pod?.Uid());
        Assert.Null(await _client.GetAsync<V1Pod>("b", "n"));
        await Assert.ThrowsAsync<ArgumentException>(() => _client.GetAsync<V1Pod>("..", "n"));
        await Assert.ThrowsAsync<ArgumentException>(() => _client.GetAsync<V1Pod>("", "n"));
    }

    [Fact]
    public async Task Lists_page_by_page()
    {
        _server.On(
            $"GET {Pods}",
            Answers.Json(Answers.PodList("9", "token/1", Answers.PodItem("a", "1"))),
            Answers.Json(Answers.PodList("9", "", Answers.PodItem("b", "2"))));

        var list = await _client.ListAllAsync<V1Pod>(
            new ListOptions { Namespace = "n", LabelSelector = "app in (kv,x)", FieldSelector = "spec.nodeName=w" });

        Assert.Equal(["a", "b"], list.Items.Select(each => each.Name()));
        Assert.All(list.Items, each => Assert.Equal(("v1", "Pod"), (each.ApiVersion, each.Kind)));
        Assert.Equal("9", list.Metadata.ResourceVersion);
        var first = await _server.RequestAsync($"GET {Pods}");
        Assert.Equal(("500", "app in (kv,x)"), (first.Query("limit"), first.Query("labelSelector")));
        Assert.Equal("spec.nodeName=w", first.Query("fieldSelector"));
        Assert.Equal("token/1", (await _server.RequestAsync($"GET {Pods}", 2)).Query("continue"));
    }

    [Fact]
    public async Task A_list_that_expires_half_way_is_asked_for_again_in_one()
    {
        _server.On(
            $"GET {Pods}",
            Answers.Json(Answers.PodList("9", "old", Answers.PodItem("a", "1"))),
            Answers.Status(410, "Expired", "The provided continue parameter is too old"),
            Answers.Json(Answers.PodList("12", "", Answers.PodItem("a", "1"), Answers.PodItem("c", "11"))));

        var list = await _client.ListAllAsync<V1Pod>(new ListOptions { Namespace = "n" });

        Assert.Equal(["a", "c"], list.Items.Select(each => each.Name()));
        var third = await _server.RequestAsync($"GET {Pods}", 3);
        Assert.Equal(("", ""), (third.Query("limit"), third.Query("continue")));
    }

    [Fact]
    public async Task Who_wants_only_the_metadata_says_so()
    {
        _server.On($"GET {Pods}", Answers.Json(Answers.PodList("9", "")));

        await _client.ListAllAsync<V1Pod>(new ListOptions { Namespace = "n", MetadataOnly = true });

        string accept = (await _server.RequestAsync($"GET {Pods}")).Header("Accept");
        Assert.Equal("application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", accept);
    }

    [Fact]
    public async Task Creates_replaces_and_writes_the_status_apart()
    {
        _server.On($"POST {Pods}", Answers.Json(Answers.Pod("a", "1"), 201));
        _server.On($"PUT {Pods}/a", Answers.Json(Answers.Pod("a", "2")));
        _server.On($"PUT {Pods}/a/status", Answers.Json(Answers.Pod("a", "3")));
        var pod = new V1Pod { Metadata = { Name = "a", NamespaceProperty = "n" } };

        pod = await _client.CreateAsync(pod, new WriteOptions { FieldManager = "kv", DryRun = true });
        pod = await _client.UpdateAsync(pod);
        pod = await _client.UpdateStatusAsync(pod);

        Assert.Equal("3", pod.ResourceVersion());
        var created = await _server.RequestAsync($"POST {Pods}");
        Assert.Equal(("kv", "All"), (created.Query("fieldManager"), created.Query("dryRun")));
        Assert.Equal("Pod", (string?)created.Json?["kind"]);
        Assert.Equal("1", (string?)(await _server.RequestAsync($"PUT {Pods}/a")).Json?["metadata"]?["resourceVersion"]);
    }

    [Fact]
    public async Task Patches_say_how_they_are_to_be_read()
    {
        _server.On($"PATCH {Pods}/a", Answers.Json(Answers.Pod("a", "2")));
        var pod = new V1Pod { Metadata = { Name = "a", NamespaceProperty = "n" } };
        var operations = new JsonPatchDocument()
            .Test<string[]>("/metadata/finalizers", ["x"])
            .Add($"/metadata/annotations/{JsonPatchDocument.Escape("kv/x~y")}", "1")
            .Remove("/metadata/finalizers/0");

        await _client.PatchAsync(pod, operations.ToPatch());
        await _client.PatchAsync(pod, V1Patch.Merge(new { metadata = new { labels = new { a = "b" } } }));

        var first = await _server.RequestAsync($"PATCH {Pods}/a");
        Assert.Equal("application/json-patch+json", first.Header("Content-Type"));
        Assert.Equal(
            """
            [{"op":"test","path":"/metadata/finalizers","value":["x"]},
            {"op":"add","path":"/metadata/annotations/kv~1x~0y","value":"1"},
            {"op":"remove","path":"/metadata/finalizers/0"}]
            """.ReplaceLineEndings(""),
            first.Body);
        var second = await _server.RequestAsync($"PATCH {Pods}/a", 2);
        Assert.Equal("application/merge-patch+json", second.Header("Content-Type"));
        Assert.Equal("""{"metadata":{"labels":{"a":"b"}}}""", second.Body);
    }

    [Fact]
    public async Task Apply_sends_what_it_owns_by_force_and_takes_201_for_success()
    {
        _server.On($"PATCH {Pods}/a", Answers.Json(Answers.Pod("a", "1"), 201));
        _server.On($"PATCH {Pods}/a/status", Answers.Json(Answers.Pod("a", "2")));
        var pod = new V1Pod
        {
            Metadata = { Name = "a", NamespaceProperty = "n", ManagedFields = [new V1ManagedFieldsEntry()] },
            Spec = { Hostname = "h" },
            Status = { Phase = "Running" },
        };

        await _client.ApplyAsync(pod, "kv");
        await _client.ApplyStatusAsync(pod, "kv-status");

        var applied = await _server.RequestAsync($"PATCH {Pods}/a");
        Assert.Equal("application/apply-patch+yaml", applied.Header("Content-Type"));
        Assert.Equal(("kv", "true"), (applied.Query("fieldManager"), applied.Query("force")));
        Assert.Equal(
            """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a","namespace":"n"},"spec":{"hostname":"h"}}""",
            applied.Body);
        var status = await _server.RequestAsync($"PATCH {Pods}/a/status");
        Assert.Null(status.Json?["spec"]);
        Assert.Equal("Running", (string?)status.Json?["status"]?["phase"]);
    }

    [Fact]
    public async Task Deletes_that_very_object()
    {
        _server.On($"DELETE {Pods}/a", Answers.Json("""{"kind":"Status","apiVersion":"v1","status":"Success"}"""));
        _server.On($"DELETE {Pods}/b", Answers.Status(409, "Conflict", "the UID in the precondition does not match"));
        var pod = new V1Pod { Metadata = { Name = "a", NamespaceProperty = "n", Uid = "u-1" } };
        var options = new V1DeleteOptions
        {
            PropagationPolicy = "Foreground",
            GracePeriodSeconds = 0,
            Preconditions = new V1Preconditions { Uid = "u", ResourceVersion = "5" },
        };

        Assert.True(await _client.DeleteAsync(pod));
        var conflict = await Assert.ThrowsAsync<KubernetesException>(() =>
            _client.DeleteAsync<V1Pod>("b", "n", options));
        Assert.False(await _client.DeleteAsync<V1Pod>("c", "n"));

        Assert.True(conflict.IsConflict);
        Assert.Equal("u-1", (string?)(await _server.RequestAsync($"DELETE {Pods}/a")).Json?["preconditions"]?["uid"]);
        var body = (await _server.RequestAsync($"DELETE {Pods}/b")).Json!;
        Assert.Equal("5", (string?)body["preconditions"]?["resourceVersion"]);
        Assert.Equal(("Foreground", 0L), ((string?)body["propagationPolicy"], (long?)body["gracePeriodSeconds"]));
    }

    [Fact]
    public async Task What_the_server_finds_wrong_is_told_with_its_fields()
    {
        const string Details = """
            {"name":"a","kind":"Pod",
             "causes":[{"reason":"FieldValueInvalid","message":"Invalid value: 0","field":"spec.x"}]}
            """;
        _server.On($"POST {Pods}", Answers.Status(422, "Invalid", "Pod is invalid", Details.ReplaceLineEndings("")));
        var pod = new V1Pod { Metadata = { Name = "a", NamespaceProperty = "n" } };

        var refusal = await Assert.ThrowsAsync<KubernetesException>(() => _client.CreateAsync(pod));

        Assert.True(refusal.IsInvalid);
        Assert.Equal(("spec.x", "Invalid value: 0"), (refusal.Causes[0].Field, refusal.Causes[0].Message));
        Assert.Contains($"POST api/v1/namespaces/n/pods: Pod is invalid", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_refusal_by_something_before_the_server_is_told_too()
    {
        _server.On($"GET {Pods}/a", async context =>
        {
            context.Response.StatusCode = 502;
            await Microsoft.AspNetCore.Http.HttpResponseWritingExtensions.WriteAsync(
                context.Response, "<html>bad gateway");
        });

        var refusal = await Assert.ThrowsAsync<KubernetesException>(() => _client.GetAsync<V1Pod>("a", "n"));

        Assert.Equal(HttpStatusCode.BadGateway, refusal.Code);
        Assert.Contains("bad gateway", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Scales_any_kind()
    {
        const string Scale = """
            {"kind":"Scale","apiVersion":"autoscaling/v1","metadata":{"name":"a","namespace":"n","resourceVersion":"4"},
             "spec":{"replicas":3},"status":{"replicas":3,"selector":"app=a"}}
            """;
        _server.On("GET /apis/apps/v1/namespaces/n/deployments/a/scale", Answers.Json(Scale));
        _server.On("PUT /apis/apps/v1/namespaces/n/deployments/a/scale", Answers.Json(Scale));

        var scale = await _client.GetScaleAsync<V1Deployment>("a", "n");
        scale.Spec.Replicas = 5;
        await _client.UpdateScaleAsync<V1Deployment>(scale);

        var written = await _server.RequestAsync("PUT /apis/apps/v1/namespaces/n/deployments/a/scale");
        Assert.Equal(5, (int?)written.Json?["spec"]?["replicas"]);
        Assert.Equal("4", (string?)written.Json?["metadata"]?["resourceVersion"]);
    }

    [Fact]
    public async Task Reads_the_log_of_a_container()
    {
        _server.On($"GET {Pods}/a/log", Answers.Json("one\ntwo\n"));

        await using var log = await _client.ReadLogAsync(
            "a", "n", new PodLogOptions { Container = "c", TailLines = 2, Previous = true });

        Assert.Equal("one\ntwo\n", await new StreamReader(log).ReadToEndAsync());
        string query = (await _server.RequestAsync($"GET {Pods}/a/log")).PathAndQuery;
        Assert.EndsWith("?container=c&previous=true&tailLines=2", query, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_eviction_that_the_budget_forbids_is_told_at_once()
    {
        _server.On(
            $"POST {Pods}/a/eviction",
            Answers.Status(429, "TooManyRequests", "Cannot evict pod", retryAfter: 10));
        var eviction = new V1Eviction { Metadata = { Name = "a", NamespaceProperty = "n" } };

        var refusal = await Assert.ThrowsAsync<KubernetesException>(() => _client.EvictAsync(eviction));

        Assert.Equal(StatusReason.TooManyRequests, refusal.Reason);
        Assert.Single(_server.Requests);
    }

    [Fact]
    public async Task Knows_whether_a_kind_is_served()
    {
        _server.On("GET /apis/coordination.k8s.io/v1", Answers.Json(
            """{"kind":"APIResourceList","groupVersion":"coordination.k8s.io/v1","resources":[{"name":"leases"}]}"""));
        _server.On("GET /apis/batch/v1", Answers.Json("""{"kind":"APIResourceList","resources":[{"name":"x"}]}"""));

        Assert.True(await _client.IsServedAsync<V1Lease>());
        Assert.False(await _client.IsServedAsync<V1Job>());
        Assert.False(await _client.IsServedAsync<V1StorageClass>());
    }

    [Fact]
    public async Task A_change_is_made_again_on_what_somebody_else_has_written()
    {
        _server.On(
            $"GET {Pods}/a", Answers.Json(Answers.Pod("a", "1")), Answers.Json(Answers.Pod("a", "2")));
        _server.On(
            $"PUT {Pods}/a",
            Answers.Status(409, "Conflict", "the object has been modified"),
            Answers.Json(Answers.Pod("a", "3")));

        var changed = await _client.ModifyAsync<V1Pod>("a", "n", pod =>
        {
            pod.SetAnnotation("k", "v");
            return true;
        });

        Assert.Equal("3", changed?.ResourceVersion());
        var second = await _server.RequestAsync($"PUT {Pods}/a", 2);
        Assert.Equal("2", (string?)second.Json?["metadata"]?["resourceVersion"]);
        Assert.Equal("v", (string?)second.Json?["metadata"]?["annotations"]?["k"]);
    }

    [Fact]
    public async Task Impersonation_is_in_every_request()
    {
        var config = Configuration() with
        {
            Impersonation = [("Impersonate-User", "jane"), ("Impersonate-Group", "a")],
        };
        using var client = new KubernetesClient(config, _metrics);
        _server.On($"GET {Pods}/a", Answers.Json(Answers.Pod("a", "7")));

        await client.GetAsync<V1Pod>("a", "n");

        var request = await _server.RequestAsync($"GET {Pods}/a");
        Assert.Equal(("jane", "a"), (request.Header("Impersonate-User"), request.Header("Impersonate-Group")));
    }

    private KubernetesClientConfiguration Configuration() => new() { Host = _server.Url, Namespace = "n" };
}
