using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Snapshots;
using Kv.Operator.Tests.Reconciling;
using Kv.Testing;

namespace Kv.Operator.Tests.Snapshots;

/// <summary>The two reconcilers of snapshots with a world of Jobs, pods and what is kept at the place, in one thread;
/// when the operator dies, another takes its place and knows nothing.</summary>
internal sealed class SnapshotHarness : IDisposable
{
    private SnapshotReconciler _snapshots;
    private ScheduleReconciler _schedules;

    public SnapshotHarness(SnapshotScheduleSpec? schedule = null)
    {
        Api = new MemoryApi(Fate, Clock);
        Api.Add(new V1KvCluster
        {
            Metadata = new V1ObjectMeta { Name = "demo", NamespaceProperty = "default", Uid = "u-1" },
            Spec = new KvClusterSpec { Snapshots = schedule },
            Status = new KvClusterStatus
            {
                ClusterId = "abc",
                Members = [new KvMemberStatus { Name = "demo-0", Role = "Leader" }],
            },
        });
        (_snapshots, _schedules) = Reconcilers();
    }

    public Fate Fate { get; } = new();

    public ManualTime Clock { get; } = new(new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public MemoryApi Api { get; }

    public List<string> Events { get; } = [];

    public int Deaths { get; private set; }

    /// <summary>What stands at the place: whose, by its URL.</summary>
    public Dictionary<string, string> Kept { get; } = [];

    /// <summary>All that was ever put there.</summary>
    public List<string> Written { get; } = [];

    /// <summary>Whether Jobs come to their end.</summary>
    public bool DoJobsFail { get; set; }

    public IReadOnlyList<V1KvSnapshot> Snapshots => Api.All<V1KvSnapshot>();

    public V1KvSnapshot Only => Assert.Single(Snapshots);

    public void AddSnapshot(SnapshotDestination destination, SnapshotDeletion deletion = SnapshotDeletion.Retain) =>
        Api.Add(new V1KvSnapshot
        {
            Metadata = new V1ObjectMeta { Name = "one", NamespaceProperty = "default" },
            Spec = new KvSnapshotSpec { Cluster = "demo", Destination = destination, DeletionPolicy = deletion },
        });

    public void AddClaim() => Api.Add(new V1PersistentVolumeClaim
    {
        Metadata = new V1ObjectMeta { Name = "backups", NamespaceProperty = "default" },
    });

    public static SnapshotDestination ToClaim() =>
        new() { PersistentVolumeClaim = new ClaimDestination { ClaimName = "backups" } };

    public static SnapshotDestination ToS3() =>
        new() { S3 = new S3Destination { Bucket = "bucket", CredentialsSecret = "access" } };

    /// <summary>Passes of the operator and turns of the world.</summary>
    public async Task StepAsync(int count = 12)
    {
        for (int step = 0; step < count; step++)
        {
            await PassAsync(() => _schedules.ReconcileAsync("default", "demo", CancellationToken.None));
            foreach (V1KvSnapshot snapshot in Snapshots)
                await PassAsync(() => _snapshots.ReconcileAsync("default", snapshot.Name(), CancellationToken.None));
            RunJobs();
            Clock.Advance(TimeSpan.FromSeconds(1));
        }
    }

    /// <summary>Deletes as its owner does.</summary>
    public void Delete(string name)
    {
        if (Snapshots.Single(each => each.Name() == name).Metadata.Finalizers is { Count: > 0 })
            Api.MarkDeleted<V1KvSnapshot>(name);
        else
            Api.Remove<V1KvSnapshot>(name);
    }

    public void Dispose() => Api.Dispose();

    private async Task PassAsync(Func<Task> pass)
    {
        try
        {
            await pass();
        }
        catch (OperatorDiedException)
        {
            Deaths++;
            (_snapshots, _schedules) = Reconcilers();
        }
        catch (Exception refused) when (refused is KubernetesException or HttpRequestException or TimeoutException)
        {
            // The work queue comes back to it.
        }
    }

    private (SnapshotReconciler Snapshots, ScheduleReconciler Schedules) Reconcilers()
    {
        var events = new Listener(Events);
        return (new SnapshotReconciler(Api, events, new OperatorDefaults(), Clock),
            new ScheduleReconciler(Api, events, Clock));
    }

    private void RunJobs()
    {
        foreach (V1Job job in Api.All<V1Job>())
        {
            if (job.Status?.Conditions is not { Count: > 0 })
                Run(job);
        }
    }

    private void Run(V1Job job)
    {
        IList<string> args = job.Spec.Template.Spec!.Containers![0].Args!;
        string owner = ValueOf(args, "--owner");
        string message = "";
        if (DoJobsFail)
            message = """{"error":"the disk is on fire"}""";
        else if (args[1] == "take")
            message = Take(ValueOf(args, "--to"), owner);
        else if (Kept.GetValueOrDefault(ValueOf(args, "--at")) == owner)
            Kept.Remove(ValueOf(args, "--at"));

        Api.Add(PodOf(job, message));
        Api.Change<V1Job>(job.Name(), done => done.Status = new V1JobStatus
        {
            Conditions = [new V1JobCondition { Type = DoJobsFail ? "Failed" : "Complete", Status = "True" }],
        });
    }

    private string Take(string url, string owner)
    {
        Assert.True(Kept.TryAdd(url, owner) || Kept[url] == owner, $"{url} is another's.");
        Written.Add(url);
        return """{"revision":7,"size":512,"sha256":"ab","location":"x","verified":true}""";
    }

    private V1Pod PodOf(V1Job job, string message) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = $"{job.Name()}-pod",
            NamespaceProperty = "default",
            Labels = job.Spec.Template.Metadata!.Labels,
            OwnerReferences = [new V1OwnerReference { Kind = "Job", Name = job.Name(), Uid = job.Uid() }],
        },
        Status = new V1PodStatus
        {
            ContainerStatuses =
            [
                new V1ContainerStatus
                {
                    State = new V1ContainerState
                    {
                        Terminated = new V1ContainerStateTerminated
                        {
                            ExitCode = DoJobsFail ? 1 : 0, Message = message,
                        },
                    },
                },
            ],
        },
    };

    private static string ValueOf(IList<string> args, string flag) =>
        args.Single(each => each.StartsWith(flag + "=", StringComparison.Ordinal))[(flag.Length + 1)..];

    private sealed class Listener(List<string> heard) : ISnapshotEvents
    {
        public void Publish(
            IKubernetesObject<V1ObjectMeta> about, bool isWarning, string reason, string message) =>
            heard.Add($"{reason} {message}");
    }
}
