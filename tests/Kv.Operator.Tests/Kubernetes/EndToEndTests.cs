using Kv.Kubernetes;
using Kv.Kubernetes.Configuration;
using Kv.Kubernetes.Events;
using Kv.Kubernetes.Hosting;
using Kv.Kubernetes.Informers;
using Kv.Kubernetes.LeaderElection;
using Kv.Kubernetes.Metrics;
using Kv.Kubernetes.Models;
using Kv.Kubernetes.Reconciliation;
using Kv.Operator.Tests.Sandbox;
using Kv.Sandbox.Client;
using Kv.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>The client and the runtime against an API server that keeps what it is given.</summary>
public sealed class EndToEndTests(ApiServerFixture fixture) : IClassFixture<ApiServerFixture>, IAsyncLifetime
{
    private const string Label = "example.io/pet";

    private readonly RuntimeMetrics _metrics = new();
    private readonly TempDirectory _folder = new();
    private KubernetesClient _client = null!;
    private string _space = "";

    public async ValueTask InitializeAsync()
    {
        string path = _folder["kubeconfig"];
        Kubeconfig.Write(path, fixture.Server.Url, fixture.Server.AuthorityPem, "admin-of-the-tests");
        _client = new KubernetesClient(KubernetesClientConfiguration.BuildConfigFromConfigFile(path), _metrics);
        _space = await fixture.NamespaceAsync();
        await DefinePetsAsync();
    }

    public ValueTask DisposeAsync()
    {
        _client.Dispose();
        _metrics.Dispose();
        _folder.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_object_lives_from_its_creation_to_its_end()
    {
        var secret = new V1Secret { Metadata = Named("s") };
        secret.StringData = new Dictionary<string, string> { ["k"] = "v" };
        var created = await _client.CreateAsync(secret);
        Assert.Equal("v", System.Text.Encoding.UTF8.GetString(created.Data!["k"]));
        var twice = await Assert.ThrowsAsync<KubernetesException>(() => _client.CreateAsync(secret));
        Assert.True(twice.IsAlreadyExists);

        created.SetLabel("a", "b");
        var updated = await _client.UpdateAsync(created);
        var stale = await Assert.ThrowsAsync<KubernetesException>(() => _client.UpdateAsync(created));
        Assert.True(stale.IsConflict);
        var listed = await _client.ListAsync<V1Secret>(_space, "a=b");
        Assert.Equal(updated.ResourceVersion(), listed.Single().ResourceVersion());

        var other = new V1Secret { Metadata = { Name = "s", NamespaceProperty = _space, Uid = "another" } };
        var wrong = await Assert.ThrowsAsync<KubernetesException>(() => _client.DeleteAsync(other));
        Assert.True(wrong.IsConflict);
        Assert.True(await _client.DeleteAsync(updated));
        Assert.Null(await _client.GetAsync<V1Secret>("s", _space));
        Assert.False(await _client.DeleteAsync<V1Secret>("s", _space));
    }

    [Fact]
    public async Task To_apply_the_same_again_changes_nothing_and_what_is_left_out_goes()
    {
        V1ConfigMap Map(params string[] keys) => new()
        {
            Metadata = Named("m"),
            Data = keys.ToDictionary(each => each, _ => "x"),
        };

        var first = await _client.ApplyAsync(Map("a", "b"), "one");
        var again = await _client.ApplyAsync(Map("a", "b"), "one");
        var other = await _client.ApplyAsync(Map("b", "c"), "two");
        var less = await _client.ApplyAsync(Map("b"), "one");

        Assert.Equal(first.ResourceVersion(), again.ResourceVersion());
        Assert.Equal(["a", "b", "c"], other.Data!.Keys.Order());
        Assert.Equal(["b", "c"], less.Data!.Keys.Order());
    }

    [Fact]
    public async Task A_field_that_the_schema_forbids_is_told_with_its_name()
    {
        var pet = new Pet { Metadata = Named("rex"), Spec = { Food = "stones" } };

        var refusal = await Assert.ThrowsAsync<KubernetesException>(() => _client.CreateAsync(pet));

        Assert.True(refusal.IsInvalid);
        Assert.Equal("spec.food", refusal.Causes.Single().Field);
        Assert.True(await _client.IsServedAsync<Pet>());
    }

    [Fact]
    public async Task An_informer_follows_what_is_done()
    {
        using var stop = new CancellationTokenSource();
        var options = new InformerOptions { Namespaces = [_space], LabelSelector = Label };
        var informer = new Informer<V1ConfigMap>(_client, options, _metrics, NullLogger.Instance);
        var running = informer.RunAsync(stop.Token);
        await informer.Synced;

        for (int each = 0; each < 20; each++)
            await _client.CreateAsync(new V1ConfigMap { Metadata = Named($"m{each}", (Label, "x")) });
        await _client.DeleteAsync<V1ConfigMap>("m3", _space);
        await _client.ModifyAsync<V1ConfigMap>("m4", _space, map =>
        {
            map.SetLabel(Label, null); // and so it is no longer among those that are followed
            return true;
        });

        await Soon.IsTrueAsync(() => informer.List().Count == 18);
        Assert.Null(informer.Get(new ObjectKey(_space, "m4")));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task An_operator_works_from_the_first_object_to_the_last_finalizer()
    {
        using var stop = new CancellationTokenSource();
        var runtime = Runtime(out var recorder);
        var running = runtime.RunAsync(_client, stop.Token);
        await runtime.Working.WaitAsync(TimeSpan.FromSeconds(20));

        var rex = await _client.CreateAsync(new Pet { Metadata = Named("rex"), Spec = { Food = "fish" } });
        await MoodAsync("rex", "fed with fish");
        await _client.PatchAsync(rex, V1Patch.Merge(new { spec = new { food = "meat" } }));
        await MoodAsync("rex", "fed with meat");
        await _client.DeleteAsync<V1ConfigMap>("rex-bowl", _space); // what it owns comes back
        await SoonAsync(async () => await _client.GetAsync<V1ConfigMap>("rex-bowl", _space) is not null);
        await _client.DeleteAsync(rex);
        await SoonAsync(async () => await _client.GetAsync<Pet>("rex", _space) is null);

        Assert.NotNull(await _client.GetAsync<V1ConfigMap>("rex-grave", _space)); // the finalizer's
        await recorder.DisposeAsync();
        var events = await _client.ListAsync<Corev1Event>(_space);
        Assert.Contains(events, each => each is { Reason: "Fed", InvolvedObject.Name: "rex" });
        await stop.CancelAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Equal("", (await _client.GetAsync<V1Lease>("pets", _space))?.Spec.HolderIdentity);
    }

    private OperatorRuntime Runtime(out EventRecorder recorder)
    {
        var settings = new OperatorSettings
        {
            Name = "pets",
            LeaderElection = new LeaderElectionConfig { LeaseNamespace = _space, LeaseName = "pets" },
        };
        var runtime = new OperatorRuntime(_client, settings, _metrics, NullLoggerFactory.Instance);
        var events = new EventRecorder(_client, "example.io/pets", "test", NullLogger.Instance);
        recorder = events;
        var controller = new PetController { OnReconcile = (pet, stop) => FeedAsync(pet, events, stop) };
        var finalizer = new PetFinalizer(controller)
        {
            OnFinalizeAsync = async pet =>
            {
                await _client.ApplyAsync(new V1ConfigMap { Metadata = Named($"{pet.Name()}-grave") }, "pets");
                return ReconciliationResult<Pet>.Success(pet);
            },
        };
        var scope = new InformerOptions { Namespaces = [_space] };
        runtime.AddController(controller, new ControllerOptions { Name = "pets", Informer = scope }, builder =>
            builder.Owns<V1ConfigMap>(scope).AddFinalizer("example.io/grave", finalizer));
        return runtime;
    }

    private async Task<ReconciliationResult<Pet>> FeedAsync(Pet pet, EventRecorder events, CancellationToken stop)
    {
        var bowl = new V1ConfigMap
        {
            Metadata = Named($"{pet.Name()}-bowl"),
            Data = new Dictionary<string, string> { ["food"] = pet.Spec.Food! },
        };
        bowl.AddOwnerReference(pet.MakeOwnerReference());
        await _client.ApplyAsync(bowl, "pets", stop);
        pet.Status.Mood = $"fed with {pet.Spec.Food}";
        await _client.UpdateStatusAsync(pet, stop);
        events.Publish(pet, "Fed", pet.Status.Mood);
        return ReconciliationResult<Pet>.Success(pet);
    }

    private Task MoodAsync(string name, string mood) => SoonAsync(async () =>
        (await _client.GetAsync<Pet>(name, _space))?.Status.Mood == mood);

    private static async Task SoonAsync(Func<Task<bool>> condition)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        while (!await condition())
            await timer.WaitForNextTickAsync(deadline.Token);
    }

    private V1ObjectMeta Named(string name, params (string Key, string Value)[] labels) => new()
    {
        Name = name,
        NamespaceProperty = _space,
        Labels = labels.Length == 0 ? null : labels.ToDictionary(each => each.Key, each => each.Value),
    };

    private async Task DefinePetsAsync()
    {
        var food = new V1JSONSchemaProps { Type = "string", EnumProperty = ["fish", "meat"] };
        var properties = new Dictionary<string, V1JSONSchemaProps>
        {
            ["spec"] = new() { Type = "object", Properties = new Dictionary<string, V1JSONSchemaProps>() },
            ["status"] = new() { Type = "object", XKubernetesPreserveUnknownFields = true },
        };
        properties["spec"].Properties!["food"] = food;
        var definition = new V1CustomResourceDefinition
        {
            Metadata = { Name = "pets.example.io" },
            Spec =
            {
                Group = "example.io",
                Scope = "Namespaced",
                Names = { Kind = "Pet", Plural = "pets" },
                Versions =
                [
                    new V1CustomResourceDefinitionVersion
                    {
                        Name = "v1",
                        Served = true,
                        Storage = true,
                        Schema = new() { OpenAPIV3Schema = new() { Type = "object", Properties = properties } },
                        Subresources = new() { Status = new() },
                    },
                ],
            },
        };
        await _client.ApplyAsync(definition, "tests");
        await SoonAsync(() => _client.IsServedAsync<Pet>());
    }
}
