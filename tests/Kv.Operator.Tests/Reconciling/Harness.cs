using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Operator.Reconciling;
using Kv.Operator.Trust;
using Kv.Testing;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>A reconciler with the world it works on, in one thread; when the operator dies, another takes its place
/// and knows nothing.</summary>
public sealed class Harness : IDisposable
{
    private const string Uid = "u-1";

    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly IClusterObjects _cached;
    private readonly LaggingObjects _rivalCache;
    private ClusterReconciler _reconciler;
    private ClusterReconciler _rival;

    /// <param name="replicas">Members of the cluster that is asked for.</param>
    /// <param name="tls">Its encryption.</param>
    /// <param name="isCacheBehind">Whether the operator looks at a cache first that may lag.</param>
    public Harness(int replicas = 3, TlsSpec? tls = null, bool isCacheBehind = false)
        : this(from: null, new ManualTime(Start), isCacheBehind)
    {
        Api.Add(new V1KvCluster
        {
            Metadata = new() { Name = "demo", NamespaceProperty = "default", Uid = Uid },
            Spec = new KvClusterSpec { Replicas = replicas, Tls = tls },
        });
    }

    private Harness(Harness? from, ManualTime clock, bool isCacheBehind)
    {
        Clock = clock;
        Api = from?.Api.Copy(Fate, clock) ?? new MemoryApi(Fate, clock);
        Members = from?.Members.Copy(Api, Fate) ?? new SimulatedMembers(Api, Fate);
        Kubelet = new SimulatedKubelet(Api, Members, clock);
        Snapshots = new SimulatedSnapshots(Api, clock);
        Laws = new WorldLaws(Api, Members, Uid);
        Fate.Law = Laws.Judge;
        Cache = new LaggingObjects(Api);
        _cached = isCacheBehind ? Cache : new LiveObjects(Api);
        _rivalCache = new LaggingObjects(Api) { Lag = 3 };
        _reconciler = NewReconciler(_cached);
        _rival = NewReconciler(_rivalCache);
    }

    public Fate Fate { get; } = new();

    public ManualTime Clock { get; }

    public MemoryApi Api { get; }

    public SimulatedMembers Members { get; }

    public SimulatedKubelet Kubelet { get; }

    public SimulatedSnapshots Snapshots { get; }

    public WorldLaws Laws { get; }

    public LaggingObjects Cache { get; }

    public List<string> Events { get; } = [];

    /// <summary>What was refused or lost, in order.</summary>
    public List<string> Failures { get; } = [];

    /// <summary>Type, status and reason of all conditions that were ever written.</summary>
    public HashSet<(string Type, string Status, string Reason)> Reasons { get; } = [];

    /// <summary>All phases that were ever written.</summary>
    public HashSet<string> Phases { get; } = [];

    public int Deaths { get; private set; }

    public V1KvCluster? Cluster => Api.All<V1KvCluster>().SingleOrDefault();

    /// <summary>The same world once more, with an operator that knows nothing of it.</summary>
    public Harness Fork(bool isCacheBehind = false) => new(this, new ManualTime(Clock.GetUtcNow()), isCacheBehind);

    public void Change(Action<V1KvCluster> change) => Api.Change("demo", change);

    /// <summary>One pass of the operator and one turn of the world.</summary>
    public async Task<TimeSpan?> StepAsync()
    {
        TimeSpan? again = await PassAsync();
        Tick();
        return again;
    }

    /// <summary>One pass of the operator.</summary>
    public async Task<TimeSpan?> PassAsync()
    {
        int deaths = Deaths;
        TimeSpan? again = await PassAsync(_reconciler);
        if (Deaths > deaths)
            _reconciler = NewReconciler(_cached);
        Note();
        return again;
    }

    /// <summary>One pass of an operator that does not know that it leads no more.</summary>
    public async Task RivalPassAsync()
    {
        int deaths = Deaths;
        await PassAsync(_rival);
        if (Deaths > deaths)
            _rival = NewReconciler(_rivalCache);
    }

    private async Task<TimeSpan?> PassAsync(ClusterReconciler reconciler)
    {
        try
        {
            return await reconciler.ReconcileAsync("default", "demo", CancellationToken.None);
        }
        catch (OperatorDiedException death)
        {
            Failures.Add(death.Message);
            Deaths++;
        }
        catch (Exception refused) when (
            refused is KubernetesException or MemberCallException or HttpRequestException or TimeoutException)
        {
            Failures.Add(refused.Message); // the work queue comes back to it
        }

        return TimeSpan.Zero;
    }

    /// <summary>One turn of the world.</summary>
    public void Tick()
    {
        Kubelet.Tick();
        Members.Tick();
        Snapshots.Tick();
        Cache.Tick();
        _rivalCache.Tick();
        Clock.Advance(TimeSpan.FromSeconds(2));
    }

    /// <summary>Steps until the cluster is as wanted.</summary>
    public async Task SettleAsync(int stepsMax = 2000)
    {
        int quiet = 0;
        for (int step = 0; step < stepsMax && quiet < 3; step++)
        {
            await StepAsync();
            quiet = IsAsWanted() ? quiet + 1 : 0;
        }

        Assert.True(quiet >= 3, Tell());
    }

    /// <summary>Steps until something is so.</summary>
    public async Task StepUntilAsync(Func<bool> isSo, int stepsMax = 2000)
    {
        for (int step = 0; step < stepsMax && !isSo(); step++)
            await StepAsync();
        Assert.True(isSo(), Tell());
    }

    public string Tell() =>
        $"{Cluster?.Status.Phase}: {Cluster?.Status.Message}\n" +
        $"Last events:\n{string.Join('\n', Events.TakeLast(30))}\n" +
        $"Last failures:\n{string.Join('\n', Failures.TakeLast(10))}";

    /// <summary>Whether the world itself is what the specification asks for, and the status says so.</summary>
    public bool IsAsWanted()
    {
        if (Cluster is not { Status.Phase: "Running" } cluster)
            return false;

        int replicas = cluster.Spec.Replicas;
        var layout = new ClusterLayout(cluster, new OperatorDefaults());
        V1Pod[] pods = [.. Api.All<V1Pod>().Where(IsOurs)];
        V1PersistentVolumeClaim[] claims =
        [
            .. Api.All<V1PersistentVolumeClaim>()
                .Where(claim => IsOurs(claim) && claim.GetLabel(Names.Retained) is null),
        ];
        return cluster.Status.ObservedGeneration == cluster.Generation() &&
            Members.VoterCount == replicas && Members.Members.Count == replicas &&
            Members.Members.All(line => Members.IsUp(SimulatedMembers.HostOf(line))) &&
            pods.Length == replicas && claims.Length == replicas &&
            pods.All(pod => pod.GetLabel(Names.Serving) == "true") &&
            claims.All(claim => claim.DeletionTimestamp() is null) &&
            claims.All(claim => claim.Status.Capacity!["storage"].ToInt64() == layout.VolumeBytes) &&
            cluster.Status.Members!.All(line => line.Phase == nameof(MemberPhase.Ready)) &&
            cluster.Status.Recovery is null && cluster.GetAnnotation(Names.Recover) is null &&
            (cluster.Spec.Bootstrap?.FromEtcd is null || cluster.Status.Adoption?.AdoptedAt is not null) &&
            IsAuthoritySteady(cluster) && IsUpdated(layout, pods);
    }

    public void Dispose() => Api.Dispose();

    private static bool IsOurs(IKubernetesObject<V1ObjectMeta> entity) => entity.GetAnnotation(Names.ClusterUid) == Uid;

    private static bool IsUpdated(ClusterLayout layout, V1Pod[] pods)
    {
        string template = MemberPod.HashOf(layout);
        return Array.TrueForAll(pods, pod => pod.GetAnnotation(Names.TemplateHash) == template);
    }

    private bool IsAuthoritySteady(V1KvCluster cluster)
    {
        if (cluster.Spec.Tls is null)
            return true;
        V1Secret? authority = Api.All<V1Secret>().SingleOrDefault(secret => secret.Name() == "demo-ca");
        string asked = cluster.GetAnnotation(Names.RotateAuthority) ?? "";
        return authority?.GetAnnotation(Names.RotateAuthority) == asked &&
            !authority!.Data!.Keys.Any(key => key.StartsWith("next-", StringComparison.Ordinal) ||
                key.StartsWith("previous-", StringComparison.Ordinal));
    }

    private void Note()
    {
        foreach (V1Condition condition in Cluster?.Status.Conditions ?? [])
            Reasons.Add((condition.Type, condition.Status, condition.Reason));
        if (Cluster?.Status.Phase is { } phase)
            Phases.Add(phase);
    }

    private ClusterReconciler NewReconciler(IClusterObjects cached) => new(
        Api,
        cached,
        Members,
        new ClusterTrust(Api, Clock),
        new Listener(Events),
        new OperatorDefaults(),
        Clock)
    {
        Times = new PlanTimes(),
    };

    private sealed class Listener(List<string> heard) : IClusterEvents
    {
        public void Publish(V1KvCluster cluster, bool isWarning, string reason, string message) =>
            heard.Add($"{(isWarning ? "Warning" : "Normal")} {reason} {message}");
    }
}
