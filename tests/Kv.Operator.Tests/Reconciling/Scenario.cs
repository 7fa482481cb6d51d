using System.Collections.Concurrent;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>One thing that a user, or misfortune, does to a cluster, and what the operator must have done in the end:
/// no more and no less, whatever befell it meanwhile.</summary>
/// <param name="Name">What tests call it.</param>
/// <param name="From">Members of the cluster before; 0 if there is none yet.</param>
/// <param name="Change">What happens.</param>
public sealed record Scenario(string Name, int From, Action<Harness> Change)
{
    /// <summary>Worlds in which they have not begun; to be forked, and not to be changed.</summary>
    private static readonly ConcurrentDictionary<string, Lazy<Task<Harness>>> Prepared = new();

    /// <summary>Whether its connections are encrypted.</summary>
    public bool IsSecured { get; init; }

    /// <summary>Members of an etcd cluster that is there before.</summary>
    public int Etcds { get; init; }

    /// <summary>Whether all of ours have joined those, who are still in.</summary>
    public bool HasJoined { get; init; }

    /// <summary>What must be so besides, in the end.</summary>
    public Func<Harness, bool> IsDone { get; init; } = _ => true;

    /// <summary>Members that are added.</summary>
    public int Adds { get; init; }

    /// <summary>Members that are removed.</summary>
    public int Removes { get; init; }

    /// <summary>Volumes that are made.</summary>
    public int Volumes { get; init; }

    /// <summary>Whether nothing is left of the cluster.</summary>
    public bool IsEnd { get; init; }

    public static IReadOnlyList<Scenario> All { get; } =
    [
        new("create", 0, _ => { }) { Adds = 2, Volumes = 3 },
        new("create with TLS", 0, _ => { }) { Adds = 2, Volumes = 3, IsSecured = true },
        Scale(1, 3),
        Scale(3, 5),
        Scale(5, 3),
        Scale(3, 1),
        new("replace", 3, harness => harness.Api.MarkDeleted<V1PersistentVolumeClaim>("data-demo-1"))
        {
            Adds = 1,
            Removes = 1,
            Volumes = 1,
        },
        new("roll", 3, harness => harness.Change(cluster => cluster.Spec.Image = "good:3.7.2")),
        new("upgrade with a snapshot", 3, harness => harness.Change(cluster =>
        {
            cluster.Spec.Snapshots = Disasters.Nightly();
            cluster.Spec.Image = "good:3.7.2";
        })),
        new("change of authority", 1, harness => harness.Change(
            cluster => cluster.SetAnnotation(Names.RotateAuthority, "please")))
        {
            IsSecured = true,
        },
        new("grow volumes", 3, harness =>
        {
            harness.Kubelet.GrowsOnMountOnly = true;
            harness.Change(cluster => cluster.Spec.Storage.Size = "20Gi");
        }),
        new("lost status", 3, harness => harness.Change(cluster => cluster.Status = new KvClusterStatus())),
        new("begin with a snapshot", 0, harness =>
        {
            Disasters.AddSnapshot(harness);
            harness.Change(cluster => cluster.Spec.Bootstrap = Disasters.Begin("daily"));
        })
        {
            Adds = 2,
            Volumes = 3,
        },
        new("recover from a survivor", 3, harness =>
        {
            Disasters.LoseQuorum(harness);
            Disasters.Ask(harness, "survivor=demo-0");
        })
        {
            Adds = 2,
            Volumes = 2,
        },
        new("recover from a snapshot", 3, harness =>
        {
            Disasters.LoseQuorum(harness);
            Disasters.AddSnapshot(harness);
            Disasters.Ask(harness, "snapshot=daily");
        })
        {
            Adds = 2,
            Volumes = 3,
        },
        new("adopt", 0, _ => { }) { Etcds = 3, Adds = 3, Removes = 3, Volumes = 3 },
        new("finalize", 0, harness => harness.Change(cluster => cluster.Spec.Bootstrap!.FromEtcd!.Finalize = true))
        {
            Etcds = 3,
            HasJoined = true,
            Removes = 3,
        },
        new("defragment", 3, harness => Disasters.Swell(harness, 600L << 20))
        {
            IsDone = harness => harness.Members.StoreBytes.Count == 0 && harness.Fate.CountOf("defragment") == 3,
        },
        new("make room", 3, harness =>
        {
            Disasters.Swell(harness, 100L << 30);
            harness.Members.FullOfHistory.UnionWith(harness.Members.StoreBytes.Keys);
            harness.Members.Alarms.Add(new AlarmFound(harness.Members.Leader, AlarmKind.NoSpace));
        })
        {
            IsDone = harness => harness.Members is { StoreBytes.Count: 0, Alarms.Count: 0 },
        },
        new("delete", 3, harness => harness.Api.MarkDeleted<V1KvCluster>("demo")) { IsEnd = true },
    ];

    public static Scenario Named(string name) => All.Single(each => each.Name == name);

    public override string ToString() => Name;

    /// <summary>A world in which it has not begun.</summary>
    public async Task<Harness> PrepareAsync(bool isCacheBehind = false)
    {
        Lazy<Task<Harness>> before = Prepared.GetOrAdd(Name, _ => new Lazy<Task<Harness>>(MakeAsync));
        return (await before.Value).Fork(isCacheBehind);
    }

    /// <summary>Whether all is done.</summary>
    public bool IsOver(Harness harness) => IsEnd ? harness.Cluster is null : harness.IsAsWanted() && IsDone(harness);

    /// <summary>Lets it happen, and the operator go on until all is done.</summary>
    /// <param name="passes">Passes of the operator for each turn of the world.</param>
    public async Task RunAsync(Harness harness, int passes = 1)
    {
        (int adds, int removes, int volumes) = Count(harness);
        Change(harness);
        int quiet = 0;
        for (int step = 0; step < 3000 && quiet < 3; step++)
        {
            for (int pass = 1; pass < passes; pass++)
                await harness.PassAsync();
            await harness.StepAsync();
            quiet = IsOver(harness) ? quiet + 1 : 0;
        }

        Assert.True(quiet >= 3, harness.Tell());
        (int addsNow, int removesNow, int volumesNow) = Count(harness);
        Assert.True(
            (Adds, Removes, Volumes) == (addsNow - adds, removesNow - removes, volumesNow - volumes),
            $"Added {addsNow - adds}, removed {removesNow - removes}, made {volumesNow - volumes} volumes.\n" +
            harness.Tell());
    }

    /// <summary>Lets the cluster begin as an etcd cluster that serves.</summary>
    internal static void Adopt(Harness harness, int etcds, bool isFinal)
    {
        harness.Members.BeginWithEtcd(etcds);
        harness.Change(cluster => cluster.Spec.Bootstrap = new BootstrapSpec
        {
            FromEtcd = new EtcdSource { Endpoints = ["http://etcd-0.etcd:2379"], Finalize = isFinal },
        });
    }

    private async Task<Harness> MakeAsync()
    {
        TlsSpec? tls = IsSecured ? new TlsSpec { Client = new ClientTlsSpec(), Peer = new PeerTlsSpec() } : null;
        var harness = new Harness(From == 0 ? 3 : From, tls);
        if (From != 0)
            await harness.SettleAsync();
        if (Etcds != 0)
            Adopt(harness, Etcds, isFinal: !HasJoined);
        if (HasJoined)
            await harness.StepUntilAsync(() => harness.Cluster!.Status.Adoption?.Phase == "AwaitingFinalize");
        AddForeign(harness.Api);
        return harness;
    }

    private static (int Adds, int Removes, int Volumes) Count(Harness harness) => (
        harness.Fate.CountOf("add"),
        harness.Fate.CountOf("remove"),
        harness.Laws.CreatedOf<V1PersistentVolumeClaim>());

    private static Scenario Scale(int from, int to) =>
        new($"{from} to {to}", from, harness => harness.Change(cluster => cluster.Spec.Replicas = to))
        {
            Adds = Math.Max(0, to - from),
            Removes = Math.Max(0, from - to),
            Volumes = Math.Max(0, to - from),
        };

    /// <summary>What others have in the same namespace, in part under our labels: left over from a cluster of the same
    /// name.</summary>
    private static void AddForeign(MemoryApi api)
    {
        api.Add(new V1Pod
        {
            Metadata = new() { Name = "demo-70", NamespaceProperty = "default", Labels = Labels() },
            Spec = new V1PodSpec { Containers = [new V1Container { Name = "theirs", Image = "good:1", Args = [] }] },
        });
        api.Add(new V1PersistentVolumeClaim
        {
            Metadata = new()
            {
                Name = "data-demo-71",
                NamespaceProperty = "default",
                Labels = Labels(),
                Annotations = new Dictionary<string, string>
                {
                    [Names.ClusterUid] = "u-0",
                    [Names.InitializedFor] = "c0",
                },
            },
            Spec = new V1PersistentVolumeClaimSpec
            {
                Resources = new V1VolumeResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = "1Gi" },
                },
            },
        });
    }

    private static Dictionary<string, string> Labels() => new() { [Names.Cluster] = "demo" };
}
