using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;
using Kv.Operator.Trust;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>Worlds in which something is wrong, each long enough for the operator to have said so.</summary>
internal static class Misfortunes
{
    /// <summary>Some 80 seconds: longer than a hiccup of the quorum, shorter than the patience with a silent member.
    /// </summary>
    private const int Awhile = 40;

    /// <summary>Beyond every patience but that with a learner.</summary>
    private const int Long = 400;

    public static IReadOnlyList<(string Name, Func<Task<Harness>> Run)> All { get; } =
    [
        ("two of three silent", () => AfterAsync(3, Awhile, harness =>
        {
            harness.Members.Silent.Add("demo-0");
            harness.Members.Silent.Add("demo-1");
        })),
        ("one of three silent", () => AfterAsync(3, Long, harness => harness.Members.Silent.Add("demo-1"))),
        ("all volumes gone", () => AfterAsync(2, Long, harness =>
        {
            foreach (V1PersistentVolumeClaim claim in harness.Api.All<V1PersistentVolumeClaim>())
                harness.Api.MarkDeleted<V1PersistentVolumeClaim>(claim.Name());
            foreach (V1Pod pod in harness.Api.All<V1Pod>())
                harness.Api.MarkDeleted<V1Pod>(pod.Name());
        })),
        ("a volume gone", () => AfterAsync(3, Awhile, harness =>
            harness.Api.MarkDeleted<V1PersistentVolumeClaim>("data-demo-1"))),
        ("a foreign volume", ForeignAsync),
        ("no cert-manager", WithoutIssuerAsync),
        ("a seed in company", InCompanyAsync),
        ("an alien voter", () => AfterAsync(3, Awhile, harness =>
        {
            harness.Members.AddLate("http://elsewhere:2380", isLearner: false);
            harness.Change(cluster => cluster.Spec.Image = "good:3.7.2");
        })),
        ("a bad image", () => AfterAsync(3, Long, harness =>
        {
            harness.Kubelet.BadImages.Add("bad:3.7.2");
            harness.Change(cluster => cluster.Spec.Image = "bad:3.7.2");
        })),
        ("a store full of live data", () => AfterAsync(3, Awhile, harness => Fill(harness, isLive: true))),
        ("a store full of history", () => AfterAsync(3, Awhile, harness => Fill(harness, isLive: false))),
        ("a store that is mostly free", () => AfterAsync(1, Awhile, harness =>
            harness.Members.StoreBytes["demo-0"] = 600L << 20)),
        ("bad data, and no other", () => AfterAsync(1, Awhile, harness => Corrupt(harness, "demo-0"))),
        ("bad data of one", () => AfterAsync(3, Awhile, harness => Corrupt(harness, "demo-1"))),
        ("a class that does not grow", () => AfterAsync(1, Awhile, harness =>
        {
            harness.Api.Add(new V1StorageClass
            {
                Metadata = new()
                {
                    Name = "fixed",
                    Annotations = new Dictionary<string, string>
                    {
                        ["storageclass.kubernetes.io/is-default-class"] = "true",
                    },
                },
            });
            harness.Change(cluster => cluster.Spec.Storage.Size = "20Gi");
        })),
        ("a size that is none", () => AfterAsync(1, 3, harness =>
            harness.Change(cluster => cluster.Spec.Storage.Size = "a lot"))),
        ("a quota that is used up", () => AfterAsync(1, Awhile, harness =>
        {
            harness.Api.Forbids = entity => entity is V1Pod ? "exceeded quota: pods=1" : null;
            harness.Change(cluster => cluster.Spec.Replicas = 3);
        })),
        ("a snapshot that is not there", () => BeginningAsync(_ => { })),
        ("a snapshot that is damaged", () => BeginningAsync(harness =>
        {
            Disasters.AddSnapshot(harness);
            harness.Kubelet.Troubles["demo-0"] = PodTrouble.InitFailing;
        })),
        ("a damaged snapshot, and a pause", async () =>
        {
            Harness harness = await BeginningAsync(harness =>
            {
                Disasters.AddSnapshot(harness);
                harness.Kubelet.Troubles["demo-0"] = PodTrouble.InitFailing;
            });
            harness.Change(cluster => cluster.Spec.Paused = true);
            await harness.StepAsync();
            return harness;
        }),
        ("a recovery of what is well", () => AfterAsync(3, 3, harness => Disasters.Ask(harness, "survivor=demo-0"))),
        ("a copy that has no room", () => AfterAsync(3, Awhile, harness =>
        {
            Disasters.LoseQuorum(harness);
            Disasters.Ask(harness, "survivor=demo-0");
            harness.Kubelet.Troubles["demo-0"] = PodTrouble.InitFailing;
        })),
        ("a recovery that is withdrawn", WithdrawnAsync),
        ("a version too far", () => AfterAsync(3, Awhile, harness =>
            harness.Change(cluster => cluster.Spec.Version = "3.9.0"))),
        ("an image of another name", () => AfterAsync(3, Awhile * 3, harness =>
        {
            harness.Members.VersionInImages = "3.7.1";
            harness.Change(cluster => cluster.Spec.Version = "3.7.2");
        })),
        ("a snapshot that fails before an upgrade", () => AfterAsync(3, Awhile, harness =>
        {
            harness.Snapshots.DoFail = true;
            harness.Change(cluster =>
            {
                cluster.Spec.Snapshots = Disasters.Nightly();
                cluster.Spec.Version = "3.7.2";
            });
        })),
        ("a stranger during a roll", StrangerAsync),
        ("an etcd cluster that nobody gives up", () => AdoptingAsync(isFinal: false, _ => { })),
        ("an etcd cluster out of reach", () =>
            AdoptingAsync(isFinal: true, harness => harness.Members.EtcdFault = "no route")),
        ("an etcd cluster of other certificates", () =>
            AdoptingAsync(isFinal: true, harness => harness.Members.EtcdFault = "certificate")),
        ("an etcd cluster of long ago", () =>
            AdoptingAsync(isFinal: true, harness => harness.Members.EtcdVersion = "3.3.27")),
        ("an etcd cluster that was made anew", () => AdoptingAsync(isFinal: true, harness =>
        {
            harness.Change(cluster => cluster.Status = new KvClusterStatus { ClusterId = "c1" });
            harness.Members.EtcdClusterId = 0xc2;
        })),
        ("a pause", () => AfterAsync(1, 3, harness => harness.Change(cluster => cluster.Spec.Paused = true))),
        ("a pod without a node", () => TroubledAsync(PodTrouble.Unschedulable)),
        ("a pod without its image", () => TroubledAsync(PodTrouble.ImageMissing)),
        ("a pod that ends", () => TroubledAsync(PodTrouble.Crashing)),
        ("a pod without memory", () => TroubledAsync(PodTrouble.OutOfMemory)),
    ];

    private static async Task<Harness> StrangerAsync()
    {
        var harness = new Harness();
        await harness.SettleAsync();
        harness.Change(cluster => cluster.Spec.Version = "3.7.2");
        await harness.StepUntilAsync(() => harness.Cluster!.Status.MembersBeforeRoll is not null);
        harness.Members.AddLate("http://elsewhere:2380", isLearner: true);
        for (int step = 0; step < Awhile; step++)
            await harness.StepAsync();
        return harness;
    }

    private static async Task<Harness> AdoptingAsync(bool isFinal, Action<Harness> strike)
    {
        var harness = new Harness();
        Scenario.Adopt(harness, etcds: 3, isFinal);
        strike(harness);
        for (int step = 0; step < Awhile * 3; step++)
            await harness.StepAsync();
        return harness;
    }

    private static async Task<Harness> AfterAsync(int replicas, int steps, Action<Harness> strike)
    {
        var harness = new Harness(replicas);
        await harness.SettleAsync();
        strike(harness);
        for (int step = 0; step < steps; step++)
            await harness.StepAsync();
        return harness;
    }

    private static Task<Harness> TroubledAsync(PodTrouble trouble) => AfterAsync(3, Awhile, harness =>
    {
        harness.Kubelet.Troubles["demo-1"] = trouble;
        harness.Api.MarkDeleted<V1Pod>("demo-1");
    });

    private static async Task<Harness> BeginningAsync(Action<Harness> strike)
    {
        var harness = new Harness();
        harness.Change(cluster => cluster.Spec.Bootstrap = Disasters.Begin("daily"));
        strike(harness);
        for (int step = 0; step < Awhile; step++)
            await harness.StepAsync();
        return harness;
    }

    private static async Task<Harness> WithdrawnAsync()
    {
        Harness harness = await AfterAsync(3, 0, harness =>
        {
            Disasters.LoseQuorum(harness);
            Disasters.Ask(harness, "survivor=demo-0");
        });
        await harness.StepUntilAsync(() => harness.Cluster!.Status.Recovery is not null);
        harness.Change(cluster => cluster.SetAnnotation(Names.Recover, null));
        for (int step = 0; step < Awhile; step++)
            await harness.StepAsync();
        return harness;
    }

    private static async Task<Harness> ForeignAsync()
    {
        var harness = new Harness();
        harness.Api.Add(new V1PersistentVolumeClaim
        {
            Metadata = new() { Name = "data-demo-0", NamespaceProperty = "default" },
            Spec = new V1PersistentVolumeClaimSpec
            {
                Resources = new V1VolumeResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = "5Gi" },
                },
            },
        });
        for (int step = 0; step < Awhile; step++)
            await harness.StepAsync();
        return harness;
    }

    private static async Task<Harness> WithoutIssuerAsync()
    {
        var harness = new Harness(1, new TlsSpec
        {
            Client = new ClientTlsSpec
            {
                Issuer = CertificateIssuer.CertManager,
                IssuerRef = new IssuerReference { Name = "ours" },
            },
        });
        harness.Api.Unknown = typeof(V1Certificate);
        await harness.StepAsync();
        await harness.StepAsync();
        return harness;
    }

    private static async Task<Harness> InCompanyAsync()
    {
        var harness = new Harness();
        await harness.StepUntilAsync(() => harness.Members.IsUp("demo-0"));
        harness.Members.AddLate("http://elsewhere:2380", isLearner: true);
        await harness.StepAsync();
        return harness;
    }

    private static void Fill(Harness harness, bool isLive)
    {
        harness.Members.StoreBytes["demo-1"] = 100L << 30;
        if (isLive)
            harness.Members.FullStores.Add("demo-1");
        harness.Members.Alarms.Add(new AlarmFound(IdOf(harness, "demo-1"), AlarmKind.NoSpace));
    }

    private static void Corrupt(Harness harness, string member) =>
        harness.Members.Alarms.Add(new AlarmFound(IdOf(harness, member), AlarmKind.Corrupt));

    private static ulong IdOf(Harness harness, string member) =>
        harness.Members.Members.Single(line => SimulatedMembers.HostOf(line) == member).Id;
}
