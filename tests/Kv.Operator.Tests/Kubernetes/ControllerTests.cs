using System.Text.Json.Nodes;
using Kv.Kubernetes;
using Kv.Kubernetes.Hosting;
using Kv.Kubernetes.Informers;
using Kv.Kubernetes.Models;
using Kv.Kubernetes.Reconciliation;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Operator.Tests.Kubernetes;

public sealed class ControllerTests : IAsyncLifetime
{
    private const string Pets = "/apis/example.io/v1/pets";
    private const string Patch = "PATCH /apis/example.io/v1/namespaces/n/pets/rex";

    // None that requests have: those end after 30 s.
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(40);

    private readonly PetController _controller = new();
    private readonly WatchFeed _feed = new();
    private ClientBench _bench = null!;
    private OperatorRuntime _runtime = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await ClientBench.StartAsync();
        _bench.Server.On($"WATCH {Pets}", _feed.Answer);
        var settings = new OperatorSettings { Name = "test" };
        _runtime = new OperatorRuntime(
            _bench.Client, settings, _bench.Metrics, NullLoggerFactory.Instance, _bench.Time);
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Each_object_is_reconciled_at_the_start_and_when_what_is_wanted_changes()
    {
        Start(pets: [Pet("rex", "1"), Pet("tom", "2")]);
        Assert.Equal(
            ["reconcile rex 1", "reconcile tom 2"],
            new[] { await _controller.CallAsync(), await _controller.CallAsync() }.Order());

        _feed.Send(Answers.Event("MODIFIED", Pet("rex", "10"))); // its status
        _feed.Send(Answers.Event("MODIFIED", Pet("tom", "11", meta => meta["generation"] = 2)));
        Assert.Equal("reconcile tom 11", await _controller.CallAsync());
        _feed.Send(Answers.Event("MODIFIED", Pet("rex", "12", meta =>
            meta["annotations"] = new JsonObject { ["paused"] = "true" })));
        Assert.Equal("reconcile rex 12", await _controller.CallAsync());
        _feed.Send(Answers.Event("DELETED", Pet("rex", "13")));

        Assert.Equal("deleted rex 13", await _controller.CallAsync());
    }

    [Fact]
    public async Task A_failure_is_tried_again_for_ever_and_a_success_forgets_it()
    {
        _controller.OnReconcile = (pet, _) => throw new IOException("no route");
        Start(pets: [Pet("rex", "1")]);
        await _controller.CallAsync();
        foreach (int pause in (int[])[5, 10, 20, 40])
        {
            await PassAsync(TimeSpan.FromMilliseconds(pause));
            await _controller.CallAsync();
        }

        _controller.OnReconcile = (pet, _) => Task.FromResult(ReconciliationResult<Pet>.Success(pet));
        await PassAsync(TimeSpan.FromMilliseconds(80));
        await _controller.CallAsync();

        await Soon.IsTrueAsync(() => Text().Contains(Count("success", 1), StringComparison.Ordinal));
        Assert.Contains(Count("error", 5), Text(), StringComparison.Ordinal);
        Assert.Contains(
            "controller_runtime_reconcile_errors_total{controller=\"pets\"} 5\n", Text(), StringComparison.Ordinal);
        Assert.Contains(
            "controller_runtime_reconcile_panics_total{controller=\"pets\"} 0\n", Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_bug_in_a_controller_is_a_failure_too_and_counted_apart()
    {
        _controller.OnReconcile = (_, _) => throw new InvalidOperationException("bug");
        Start(pets: [Pet("rex", "1")]);
        await _controller.CallAsync();

        await PassAsync(TimeSpan.FromMilliseconds(5));
        await _controller.CallAsync();

        await Soon.IsTrueAsync(() => Text().Contains(
            "controller_runtime_reconcile_panics_total{controller=\"pets\"} 2\n", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_cannot_be_met_is_not_tried_again_until_it_changes()
    {
        _controller.OnReconcile = (_, _) => throw new TerminalReconcileException("no such storage class");
        Start(pets: [Pet("rex", "1")]);
        await _controller.CallAsync();
        await Soon.IsTrueAsync(() => Text().Contains(
            "controller_runtime_terminal_reconcile_errors_total{controller=\"pets\"} 1\n", StringComparison.Ordinal));

        await _bench.Time.WaitForTimerAsync(TimeSpan.FromSeconds(325), TimeSpan.FromSeconds(635)); // the watch is up
        _bench.Time.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal(0, _controller.Waiting);
        _feed.Send(Answers.Event("MODIFIED", Pet("rex", "5", meta => meta["generation"] = 2)));

        Assert.Equal("reconcile rex 5", await _controller.CallAsync());
    }

    [Fact]
    public async Task A_time_to_come_back_is_kept_though_something_happens_before()
    {
        _controller.OnReconcile = (pet, _) =>
            Task.FromResult(ReconciliationResult<Pet>.Success(pet, Pause));
        Start(pets: [Pet("rex", "1")]);
        await _controller.CallAsync();
        await WaitForPauseAsync(Pause);
        _bench.Time.Advance(TimeSpan.FromSeconds(20));
        _feed.Send(Answers.Event("MODIFIED", Pet("rex", "2", meta => meta["generation"] = 2)));
        Assert.Equal("reconcile rex 2", await _controller.CallAsync());

        _bench.Time.Advance(Pause - TimeSpan.FromSeconds(19.9));

        Assert.Equal("reconcile rex 2", await _controller.CallAsync());
    }

    [Fact]
    public async Task A_failure_that_says_when_to_come_back_is_taken_at_its_word()
    {
        _controller.OnReconcile = (pet, _) => Task.FromResult(
            ReconciliationResult<Pet>.Failure(pet, "not yet", requeueAfter: Pause));
        Start(pets: [Pet("rex", "1")]);
        await _controller.CallAsync();

        await PassAsync(Pause);

        Assert.Equal("reconcile rex 1", await _controller.CallAsync());
        await Soon.IsTrueAsync(() => Text().Contains(Count("error", 2), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_pass_that_takes_too_long_is_ended_and_tried_again()
    {
        _controller.OnReconcile = async (pet, cancelled) =>
        {
            await new TaskCompletionSource().Task.WaitAsync(cancelled);
            return ReconciliationResult<Pet>.Success(pet);
        };
        Start(pets: [Pet("rex", "1")]);
        await _controller.CallAsync();

        _bench.Time.Advance(TimeSpan.FromMinutes(2));
        await PassAsync(TimeSpan.FromMilliseconds(5));

        await _controller.CallAsync();
        Assert.Contains(
            "controller_runtime_reconcile_timeouts_total{controller=\"pets\"} 1\n", Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_object_is_changed_by_one_worker_at_a_time_and_one_that_hangs_does_not_hold_up_the_others()
    {
        var hanging = new TaskCompletionSource();
        _controller.OnReconcile = async (pet, _) =>
        {
            if (pet.Name() == "rex")
                await hanging.Task;
            return ReconciliationResult<Pet>.Success(pet);
        };
        Start(pets: [Pet("rex", "1")]);
        Assert.Equal("reconcile rex 1", await _controller.CallAsync());

        _feed.Send(Answers.Event("MODIFIED", Pet("rex", "2", meta => meta["generation"] = 2)));
        _feed.Send(Answers.Event("ADDED", Pet("tom", "3")));
        Assert.Equal("reconcile tom 3", await _controller.CallAsync());
        Assert.Equal(0, _controller.Waiting);
        hanging.SetResult();

        Assert.Equal("reconcile rex 2", await _controller.CallAsync());
    }

    [Fact]
    public async Task What_a_controller_does_to_its_copy_is_not_in_the_cache()
    {
        _controller.OnReconcile = (pet, _) =>
        {
            pet.Spec.Food = "changed";
            return Task.FromResult(ReconciliationResult<Pet>.Success(pet));
        };
        Start(pets: [Pet("rex", "1")]);
        await _controller.CallAsync();

        var cache = _runtime.GetInformer<Pet>(new InformerOptions());
        Assert.Equal("fish", cache.Get(new ObjectKey("n", "rex"))?.Spec.Food);
    }

    [Fact]
    public async Task A_finalizer_is_put_on_first_and_taken_off_when_it_is_through()
    {
        var finalizer = new PetFinalizer(_controller);
        var steps = new Queue<TimeSpan?>([TimeSpan.FromSeconds(5), null]);
        finalizer.OnFinalizeAsync = pet => Task.FromResult(ReconciliationResult<Pet>.Success(pet, steps.Dequeue()));
        static void Held(JsonObject meta) => meta["finalizers"] = new JsonArray("other/one", "example.io/pet");
        _bench.Server.On(Patch, Answers.Json(Pet("rex", "2", Held)), Answers.Json(Pet("rex", "9")));
        Start(pets: [Pet("rex", "1", meta => meta["finalizers"] = new JsonArray("other/one"))], configure: builder =>
            builder.AddFinalizer("example.io/pet", finalizer));

        Assert.Equal("reconcile rex 2", await _controller.CallAsync());
        _feed.Send(Answers.Event("MODIFIED", Pet("rex", "8", meta =>
        {
            Held(meta);
            meta["deletionTimestamp"] = "2026-11-23T06:00:00Z";
        })));
        Assert.Equal("finalize rex 8", await _controller.CallAsync());
        await PassAsync(TimeSpan.FromSeconds(5));
        Assert.Equal("finalize rex 8", await _controller.CallAsync());

        Assert.Equal(
            """{"metadata":{"uid":"uid-rex","resourceVersion":"1","finalizers":["other/one","example.io/pet"]}}""",
            (await _bench.Server.RequestAsync(Patch)).Body);
        Assert.Equal(
            """{"metadata":{"uid":"uid-rex","resourceVersion":"8","finalizers":["other/one"]}}""",
            (await _bench.Server.RequestAsync(Patch, 2)).Body);
    }

    [Fact]
    public async Task A_change_of_what_an_object_controls_is_worth_a_pass_over_it()
    {
        const string Pods = "/api/v1/pods";
        var pods = new WatchFeed();
        _bench.Server.On($"GET {Pods}", Answers.Json(Answers.PodList("9", "")));
        _bench.Server.On($"WATCH {Pods}", pods.Answer);
        Start(pets: [Pet("rex", "1"), Pet("tom", "2")], configure: builder =>
            builder.Owns<V1Pod>(new InformerOptions()));
        await _controller.CallAsync();
        await _controller.CallAsync();

        pods.Send(Answers.Event("ADDED", Owned("a", "10", "Pet", "rex", "uid-rex")));
        Assert.Equal("reconcile rex 1", await _controller.CallAsync());
        pods.Send(Answers.Event("ADDED", Owned("b", "11", "Pet", "rex", "uid-of-an-earlier-rex")));
        pods.Send(Answers.Event("ADDED", Owned("c", "12", "Job", "rex", "uid-rex")));
        pods.Send(Answers.Event("ADDED", Answers.Pod("d", "13")));
        pods.Send(Answers.Event("MODIFIED", Owned("a", "14", "Pet", "tom", "uid-tom"))); // both hear of it

        Assert.Equal(
            ["reconcile rex 1", "reconcile tom 2"],
            new[] { await _controller.CallAsync(), await _controller.CallAsync() }.Order());
        Assert.Equal(0, _controller.Waiting);
    }

    [Fact]
    public async Task A_change_of_what_an_object_refers_to_is_worth_a_pass_over_it()
    {
        const string Secrets = "/api/v1/secrets";
        var secrets = new WatchFeed();
        _bench.Server.On($"GET {Secrets}", Answers.Json("""{"metadata":{"resourceVersion":"3"},"items":[]}"""));
        _bench.Server.On($"WATCH {Secrets}", secrets.Answer);
        Start(pets: [Pet("rex", "1")], configure: builder => builder.Watches<V1Secret>(
            new InformerOptions { MetadataOnly = true },
            secret => secret.Name() == "food" ? [new ObjectKey(secret.Namespace(), "rex")] : []));
        await _controller.CallAsync();

        secrets.Send(Answers.Event("ADDED", Answers.Pod("water", "4")));
        secrets.Send(Answers.Event("ADDED", Answers.Pod("food", "5")));

        Assert.Equal("reconcile rex 1", await _controller.CallAsync());
        string accept = (await _bench.Server.RequestAsync($"WATCH {Secrets}")).Header("Accept");
        Assert.Equal("application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1", accept);
    }

    private void Start(string[] pets, Action<ControllerBuilder<Pet>>? configure = null)
    {
        _bench.Server.On($"GET {Pets}", Answers.Json(
            $$$"""{"kind":"PetList","metadata":{"resourceVersion":"9"},"items":[{{{string.Join(',', pets)}}}]}"""));
        _runtime.AddController(_controller, new ControllerOptions { Name = "pets" }, configure);
        _bench.Running = _runtime.RunAsync(electionClient: null, _bench.Stop);
    }

    private async Task PassAsync(TimeSpan pause)
    {
        await WaitForPauseAsync(pause);
        _bench.Time.Advance(pause + TimeSpan.FromMilliseconds(1));
    }

    private Task WaitForPauseAsync(TimeSpan pause) =>
        _bench.Time.WaitForTimerAsync(pause, pause + TimeSpan.FromMilliseconds(1.5));

    private string Text() => _bench.Metrics.Exporter.Write();

    private static string Count(string result, int count) =>
        $"controller_runtime_reconcile_total{{controller=\"pets\",result=\"{result}\"}} {count}\n";

    private static string Pet(string name, string version, Action<JsonObject>? change = null)
    {
        var meta = new JsonObject
        {
            ["name"] = name,
            ["namespace"] = "n",
            ["uid"] = $"uid-{name}",
            ["resourceVersion"] = version,
            ["generation"] = 1,
        };
        change?.Invoke(meta);
        return new JsonObject
        {
            ["apiVersion"] = "example.io/v1",
            ["kind"] = "Pet",
            ["metadata"] = meta,
            ["spec"] = new JsonObject { ["food"] = "fish" },
        }.ToJsonString();
    }

    private static string Owned(string name, string version, string kind, string owner, string uid)
    {
        var pod = JsonNode.Parse(Answers.Pod(name, version))!;
        pod["metadata"]!["ownerReferences"] = new JsonArray(new JsonObject
        {
            ["apiVersion"] = "example.io/v1alpha1",
            ["kind"] = kind,
            ["name"] = owner,
            ["uid"] = uid,
            ["controller"] = true,
        });
        return pod.ToJsonString();
    }
}
