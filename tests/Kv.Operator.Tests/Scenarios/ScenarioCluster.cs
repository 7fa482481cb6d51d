using System.Text.Json.Nodes;
using Grpc.Core;
using Kv.Kubernetes;
using Kv.Kubernetes.Informers;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Sandbox.Kubelet;
using Microsoft.Extensions.Logging.Abstractions;
using WriteOptions = Kv.Kubernetes.WriteOptions;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>One KvCluster at a site: what its owner does to it, what befalls it, and what he sees of it.</summary>
internal sealed class ScenarioCluster : IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _stop = new();
    private readonly Informer<V1Pod> _pods;
    private readonly Task _following;

    private ScenarioCluster(ScenarioSite site, string name)
    {
        Site = site;
        Name = name;
        var options = new InformerOptions
        {
            Namespaces = [site.Space],
            LabelSelector = $"{Names.Cluster}={name}",
        };
        _pods = new Informer<V1Pod>(site.Client, options, site.Metrics, NullLogger.Instance);
        _following = _pods.RunAsync(_stop.Token);
        Guard = new MembershipGuard(this);
    }

    /// <summary>How long anything may take that nobody measures.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromSeconds(90);

    public ScenarioSite Site { get; }

    public string Name { get; }

    /// <summary>Connections to the members.</summary>
    public MemberChannels Channels { get; } = new(TimeProvider.System);

    /// <summary>Watches over the members for as long as the cluster is here.</summary>
    public MembershipGuard Guard { get; }

    /// <summary>What clients have to trust; null without TLS.</summary>
    public MemberTrust? Trust { get; set; }

    /// <summary>Members that were there before ours, and serve clients as these do.</summary>
    public Func<IReadOnlyList<MemberEndpoint>> Others { get; set; } = () => [];

    public IReadOnlyList<V1Pod> Pods => _pods.List();

    /// <summary>Asks for a cluster, and returns at once.</summary>
    public static Task<ScenarioCluster> CreateAsync(ScenarioSite site, string word, Action<KvClusterSpec> change) =>
        CreateNamedAsync(site, site.NextName(word), change);

    /// <summary>The same for who has to know its name before.</summary>
    public static async Task<ScenarioCluster> CreateNamedAsync(
        ScenarioSite site, string name, Action<KvClusterSpec> change)
    {
        var wanted = new V1KvCluster
        {
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = site.Space },
            Spec = new KvClusterSpec
            {
                Storage = { Size = "1Gi", Retention = { WhenDeleted = VolumeRetention.Delete } },
            },
        };
        change(wanted.Spec);
        await site.Client.CreateAsync(wanted);
        return new ScenarioCluster(site, name);
    }

    public async Task<V1KvCluster> GetAsync() =>
        await Site.Client.GetAsync<V1KvCluster>(Name, Site.Space)
            ?? throw new InvalidOperationException($"The cluster {Name} is gone.");

    /// <summary>Changes fields of the specification, as <c>kubectl patch</c> does.</summary>
    public Task ChangeAsync(string spec) => Site.Client.PatchAsync<V1KvCluster>(
        Name,
        Site.Space,
        new V1Patch(JsonNode.Parse($$"""{"spec":{{spec}}}""")!, V1Patch.PatchType.MergePatch),
        WriteOptions.Default);

    public Task AnnotateAsync(string key, string value) => Site.Client.ModifyAsync<V1KvCluster>(
        Name,
        Site.Space,
        cluster =>
        {
            cluster.SetAnnotation(key, value);
            return true;
        });

    /// <summary>What a person would type.</summary>
    public Task ScaleAsync(int replicas) => Site.Kubectl.RunAsync(
        "scale", $"kvc/{Name}", $"--replicas={replicas}", "--namespace", Site.Space);

    /// <summary>Waits until the status says so.</summary>
    public async Task<V1KvCluster> UntilAsync(string what, Func<V1KvCluster, bool> isSo, TimeSpan? within = null)
    {
        long start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        while (true)
        {
            V1KvCluster found = await GetAsync();
            if (isSo(found))
                return found;
            if (TimeProvider.System.GetElapsedTime(start) > (within ?? Patience))
                Assert.Fail($"{Name} did not come to {what}.\n{Describe(found)}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Waits until something of the pods is so.</summary>
    public async Task UntilPodsAsync(string what, Func<IReadOnlyList<V1Pod>, bool> isSo, TimeSpan? within = null)
    {
        long start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        while (!isSo(Pods))
        {
            if (TimeProvider.System.GetElapsedTime(start) > (within ?? Patience))
                Assert.Fail($"The pods of {Name} did not come to {what}.\n{Describe(await GetAsync())}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Waits until all is as wanted, and no other members are there than voters, as many as wanted.</summary>
    public async Task<V1KvCluster> UntilReadyAsync(TimeSpan? within = null)
    {
        V1KvCluster ready = await UntilAsync("be ready", IsReady, within);
        IReadOnlyList<MemberLine> members = await Guard.ListAsync();
        Assert.True(
            members.Count == ready.Spec.Replicas && members.All(member => !member.IsLearner),
            $"Wanted are {ready.Spec.Replicas} voters, there are {string.Join(", ", members)}.");
        return ready;
    }

    public static bool IsReady(V1KvCluster cluster) =>
        cluster.Status.ObservedGeneration == cluster.Generation() && IsTrue(cluster, "Ready") &&
        cluster.Status.ReadyReplicas == cluster.Spec.Replicas;

    public static bool IsTrue(V1KvCluster cluster, string condition) =>
        cluster.Status.Conditions?.Any(each => each.Type == condition && each.Status == "True") == true;

    /// <summary>The voters that clients may ask, as the Service chooses them.</summary>
    public IReadOnlyList<MemberEndpoint> Serving() =>
        [.. Pods.Where(pod => IsServing(pod)).OrderBy(pod => pod.Name()).Select(EndpointOf), .. Others()];

    /// <summary>Wherever a process may answer.</summary>
    public IReadOnlyList<MemberEndpoint> Running() =>
    [
        .. Pods.Where(pod => pod.Status.PodIP is { Length: > 0 }).OrderBy(pod => pod.Name()).Select(EndpointOf),
        .. Others(),
    ];

    public static bool IsServing(V1Pod pod) =>
        pod.DeletionTimestamp() is null && pod.GetLabel(Names.Serving) == "true" && IsPodReady(pod);

    public static bool IsPodReady(V1Pod pod) =>
        pod.Status.Conditions?.Any(each => each is { Type: "Ready", Status: "True" }) == true;

    public V1Pod PodOf(string member) => Pods.First(pod => pod.Name() == member);

    /// <summary>Asks one member after the other until one answers.</summary>
    /// <param name="mayPass">Whether a failure leaves it to another to answer; every one does if not given.</param>
    public async Task<T> AskAsync<T>(
        Func<CallInvoker, AsyncUnaryCall<T>> ask, TimeSpan within, Func<RpcException, bool>? mayPass = null)
    {
        long start = TimeProvider.System.GetTimestamp();
        using var timer = new PeriodicTimer(Look);
        while (true)
        {
            foreach (MemberEndpoint member in Serving())
            {
                try
                {
                    return await ask(Channels.For(member));
                }
                catch (RpcException failure) when (
                    TimeProvider.System.GetElapsedTime(start) < within && mayPass?.Invoke(failure) != false)
                {
                    // Another may.
                }
            }

            Assert.True(TimeProvider.System.GetElapsedTime(start) < within, $"Nobody answers.\n{Site.Log}");
            await timer.WaitForNextTickAsync();
        }
    }

    /// <summary>Ends the process of a member, as a crash does.</summary>
    public void Kill(string member) => Signal(member, SystemCalls.Kill);

    /// <summary>Takes all that is on a member's volume away while its process cannot notice, and ends the process:
    /// when the kubelet starts it again, the volume is empty.</summary>
    public async Task EmptyAsync(string member)
    {
        const int Stop = 19;
        var claim = await Site.Client.GetAsync<V1PersistentVolumeClaim>($"data-{member}", Site.Space);
        var volume = await Site.Client.GetAsync<V1PersistentVolume>(claim!.Spec.VolumeName!);
        string path = volume!.Spec.HostPath!.Path!;
        Signal(member, Stop);
        foreach (string entry in Directory.EnumerateDirectories(path))
            Directory.Delete(entry, recursive: true);
        Kill(member);
    }

    /// <summary>What is there to tell why something did not come out.</summary>
    public string Describe(V1KvCluster cluster) =>
        $"{KubernetesJson.Serialize(cluster.Status)}\n{string.Join('\n', Pods.Select(pod =>
            $"{pod.Name()}: {KubernetesJson.Serialize(pod.Status)}"))}\n{Guard.Story}\n{Site.Log}";

    public async ValueTask DisposeAsync()
    {
        await Guard.DisposeAsync();
        await _stop.CancelAsync();
        try
        {
            await _following;
        }
        catch (OperationCanceledException)
        {
            // That is how it ends.
        }

        Channels.Dispose();
        _stop.Dispose();
        await Site.Client.DeleteAsync<V1KvCluster>(Name, Site.Space);
    }

    private void Signal(string member, int signal)
    {
        string id = PodOf(member).Status.ContainerStatuses![0].ContainerID!;
        int process = int.Parse(id.Split("://")[1], System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(SystemCalls.Send(process, signal), $"{member} has no process {process}.");
    }

    private MemberEndpoint EndpointOf(V1Pod pod)
    {
        string scheme = Trust is null ? "http" : "https";
        return new MemberEndpoint(
            pod.Name(),
            new Uri($"{scheme}://{pod.Status.PodIP}:2379"),
            $"{pod.Name()}.{Names.PeerServiceOf(Name)}.{Site.Space}.svc")
        {
            Trust = Trust,
        };
    }
}
