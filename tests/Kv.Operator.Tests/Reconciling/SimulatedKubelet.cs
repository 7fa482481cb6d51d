using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>The scheduler, the kubelets and the provisioner behind <see cref="MemoryApi"/>: pods run where their
/// volume is, claims get what they ask for.</summary>
public sealed class SimulatedKubelet(MemoryApi api, SimulatedMembers members, TimeProvider clock)
{
    private const string Zone = "topology.kubernetes.io/zone";

    private readonly Dictionary<string, string> _mountedBy = []; // claims that wait to be mounted by another pod

    /// <summary>Images that cannot be fetched.</summary>
    public HashSet<string> BadImages { get; } = [];

    /// <summary>Members whose pods do not run, and why.</summary>
    public Dictionary<string, PodTrouble> Troubles { get; } = [];

    /// <summary>Whether a file system grows only when it is mounted anew.</summary>
    public bool GrowsOnMountOnly { get; set; }

    /// <summary>Lets kubelets and provisioner do what is to be done.</summary>
    public void Tick()
    {
        foreach (V1Pod pod in api.All<V1Pod>())
        {
            if (pod.DeletionTimestamp() is not null)
                api.Remove<V1Pod>(pod.Name());
            else if (pod.GetAnnotation(Kv.Operator.Api.Names.ClusterUid) is not null)
                Run(pod);
        }

        foreach (V1PersistentVolumeClaim claim in api.All<V1PersistentVolumeClaim>())
        {
            V1Pod? user = api.All<V1Pod>().FirstOrDefault(pod => $"data-{pod.Name()}" == claim.Name());
            if (claim.DeletionTimestamp() is not null && user is null)
                api.Remove<V1PersistentVolumeClaim>(claim.Name());
            else
                Provide(claim, user);
        }
    }

    private void Run(V1Pod pod)
    {
        V1PersistentVolumeClaim? claim =
            api.All<V1PersistentVolumeClaim>().FirstOrDefault(claim => claim.Name() == $"data-{pod.Name()}");
        if (claim is null)
            return;

        string image = pod.Spec.Containers![0].Image!;
        PodTrouble trouble = BadImages.Contains(image)
            ? PodTrouble.ImageMissing
            : Troubles.GetValueOrDefault(pod.Name());
        if (trouble == PodTrouble.InitFailing && pod.Spec.InitContainers is not { Count: > 0 })
            trouble = PodTrouble.None;
        if (trouble == PodTrouble.None && !members.Start(pod, claim))
            trouble = PodTrouble.Crashing;
        bool runs = trouble == PodTrouble.None;
        api.Change<V1Pod>(pod.Name(), changed =>
        {
            if (trouble != PodTrouble.Unschedulable)
            {
                changed.Spec.NodeName ??= Schedule();
                changed.Status.PodIP = "10.0.0.1";
            }

            changed.Status.ContainerStatuses = [Container(image, trouble)];
            changed.Status.InitContainerStatuses =
                [.. (pod.Spec.InitContainers ?? []).Select(step => Step(step, trouble))];
            V1PodCondition? ready = changed.Status.Conditions?.FirstOrDefault(each => each.Type == "Ready");
            DateTime? since = (ready?.Status == "True") == runs ? ready?.LastTransitionTime : null;
            changed.Status.Conditions =
            [
                Condition("Ready", runs, since),
                Condition("PodScheduled", trouble != PodTrouble.Unschedulable, since),
            ];
        });
    }

    private V1PodCondition Condition(string type, bool isTrue, DateTime? since) => new()
    {
        Type = type,
        Status = isTrue ? "True" : "False",
        LastTransitionTime = since ?? clock.GetUtcNow().UtcDateTime,
    };

    private static V1ContainerStatus Container(string image, PodTrouble trouble) => new()
    {
        Name = "kv-node",
        Image = image,
        Ready = trouble == PodTrouble.None,
        RestartCount = trouble is PodTrouble.Crashing or PodTrouble.OutOfMemory ? 6 : 0,
        State = trouble switch
        {
            PodTrouble.None => new V1ContainerState { Running = new V1ContainerStateRunning() },
            PodTrouble.ImageMissing => Waiting("ImagePullBackOff"),
            PodTrouble.Unschedulable => null,
            PodTrouble.InitFailing => Waiting("PodInitializing"),
            _ => Waiting("CrashLoopBackOff"),
        },
        LastState = trouble == PodTrouble.OutOfMemory
            ? new V1ContainerState { Terminated = new V1ContainerStateTerminated { Reason = "OOMKilled" } }
            : null,
    };

    private static V1ContainerStatus Step(V1Container step, PodTrouble trouble) => new()
    {
        Name = step.Name,
        State = trouble == PodTrouble.InitFailing
            ? Waiting("CrashLoopBackOff")
            : new V1ContainerState { Terminated = new V1ContainerStateTerminated { Reason = "Completed" } },
        LastState = trouble == PodTrouble.InitFailing
            ? new V1ContainerState
            {
                Terminated = new V1ContainerStateTerminated { ExitCode = 1, Message = "...\nError: it is damaged\n" },
            }
            : null,
    };

    private static V1ContainerState Waiting(string reason) =>
        new() { Waiting = new V1ContainerStateWaiting { Reason = reason } };

    /// <summary>The first node of the zone with the fewest pods; null where there are no nodes to choose from.
    /// </summary>
    private string? Schedule()
    {
        int PodsIn(string? zone) => api.All<V1Pod>().Count(pod =>
            api.All<V1Node>().Any(node => node.Name() == pod.Spec.NodeName && node.GetLabel(Zone) == zone));
        return api.All<V1Node>().OrderBy(node => PodsIn(node.GetLabel(Zone)))
            .ThenBy(node => api.All<V1Pod>().Count(pod => pod.Spec.NodeName == node.Name()))
            .FirstOrDefault()?.Name();
    }

    private void Provide(V1PersistentVolumeClaim claim, V1Pod? user)
    {
        ResourceQuantity wanted = claim.Spec.Resources!.Requests!["storage"];
        ResourceQuantity? has = claim.Status.Capacity?["storage"];
        if (has is not null && has.ToInt64() == wanted.ToInt64())
            return;

        bool waits = has is not null && GrowsOnMountOnly && user is not null &&
            _mountedBy.GetValueOrDefault(claim.Uid(), user.Uid()) == user.Uid();
        if (waits)
            _mountedBy[claim.Uid()] = user!.Uid();
        else
            _mountedBy.Remove(claim.Uid());
        api.Change<V1PersistentVolumeClaim>(claim.Name(), changed =>
        {
            changed.Status.Phase = "Bound";
            if (!waits)
                changed.Status.Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = wanted };
            changed.Status.Conditions = waits
                ? [new V1PersistentVolumeClaimCondition { Type = "FileSystemResizePending", Status = "True" }]
                : null;
        });
    }
}
