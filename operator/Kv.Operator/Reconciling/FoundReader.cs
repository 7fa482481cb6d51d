using System.Globalization;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>Pods and claims in the words of the plan.</summary>
public static class FoundReader
{
    public static PodFound Read(V1Pod pod, string member, string clusterUid)
    {
        (PodTrouble trouble, string text) = TroubleOf(pod);
        return new PodFound(member, pod.Uid(), pod.ResourceVersion() ?? "")
        {
            IsOurs = pod.GetAnnotation(Names.ClusterUid) == clusterUid,
            Template = pod.GetAnnotation(Names.TemplateHash) ?? "",
            CreatedAt = TimeOf(pod.CreationTimestamp()),
            IsTerminating = pod.DeletionTimestamp() is not null,
            IsFinished = pod.Status.Phase is "Failed" or "Succeeded",
            ReadySince = ReadySince(pod),
            InitialCluster = pod.GetAnnotation(Names.InitialCluster) ?? "",
            Recovery = int.TryParse(
                pod.GetAnnotation(Names.Recovery), CultureInfo.InvariantCulture, out int number) ? number : 0,
            IsOpenToClients = pod.GetLabel(Names.Serving) == "true",
            Crashes = pod.Status.ContainerStatuses?.Sum(container => container.RestartCount) ?? 0,
            Trouble = trouble,
            TroubleText = text,
        };
    }

    public static VolumeFound Read(V1PersistentVolumeClaim claim, string member, string clusterUid)
    {
        V1PersistentVolumeClaimCondition? resizing = claim.Status.Conditions?.FirstOrDefault(condition =>
            condition is { Type: "FileSystemResizePending", Status: "True" });
        V1PersistentVolumeClaimCondition? failing = claim.Status.Conditions?.FirstOrDefault(condition =>
            condition is { Type: "ControllerResizeError" or "NodeResizeError", Status: "True" });
        return new VolumeFound(member, claim.Uid(), claim.ResourceVersion() ?? "")
        {
            IsOurs = claim.GetAnnotation(Names.ClusterUid) == clusterUid,
            IsTerminating = claim.DeletionTimestamp() is not null,
            IsLost = claim.Status.Phase == "Lost",
            IsRetained = claim.GetLabel(Names.Retained) == "true",
            MarkedFor = StatusRecord.ParseId(claim.GetAnnotation(Names.InitializedFor)),
            RequestedBytes = BytesOf(claim.Spec.Resources?.Requests),
            CapacityBytes = BytesOf(claim.Status.Capacity),
            AwaitsRestart = resizing is not null,
            TroubleText = failing?.Message ?? "",
        };
    }

    private static DateTimeOffset? ReadySince(V1Pod pod)
    {
        V1PodCondition? ready = pod.Status.Conditions?.FirstOrDefault(condition => condition.Type == "Ready");
        return ready?.Status == "True" ? TimeOf(ready.LastTransitionTime ?? pod.CreationTimestamp()) : null;
    }

    private static (PodTrouble Trouble, string Text) TroubleOf(V1Pod pod)
    {
        V1PodCondition? scheduled =
            pod.Status.Conditions?.FirstOrDefault(condition => condition is { Type: "PodScheduled", Status: "False" });
        if (scheduled is not null)
            return (PodTrouble.Unschedulable, $"it cannot be scheduled: {scheduled.Message}");

        if (pod.Status.InitContainerStatuses?.FirstOrDefault(step => HasFailed(step)) is { } step)
            return (PodTrouble.InitFailing, InitText(step));

        V1ContainerStatus? container = pod.Status.ContainerStatuses?.FirstOrDefault();
        V1ContainerStateTerminated? ended = container?.State?.Terminated ?? container?.LastState?.Terminated;
        switch (container?.State?.Waiting?.Reason)
        {
            case "ErrImagePull" or "ImagePullBackOff" or "InvalidImageName" or "ErrImageNeverPull":
                string detail = container.State.Waiting.Message ?? container.State.Waiting.Reason;
                return (PodTrouble.ImageMissing, $"its image {container.Image} cannot be fetched: {detail}");
            case "CreateContainerConfigError" or "CreateContainerError":
                return (PodTrouble.ImageMissing, $"its container cannot be made: {container.State.Waiting.Message}");
            case "CrashLoopBackOff" when ended?.Reason == "OOMKilled":
                return (PodTrouble.OutOfMemory, "it runs out of memory");
            case "CrashLoopBackOff":
                return (PodTrouble.Crashing, CrashText(ended));
        }

        return container is { Ready: false, State.Running: null } && ended is { ExitCode: not 0 }
            ? (PodTrouble.Crashing, CrashText(ended))
            : (PodTrouble.None, "");
    }

    /// <summary>Whether a container that runs before the node has failed and not yet succeeded, or cannot be made.
    /// While it tries again it has still failed: else it would be told by turns.</summary>
    private static bool HasFailed(V1ContainerStatus step) =>
        step.State?.Waiting?.Reason is "CreateContainerConfigError" or "CreateContainerError" or "CrashLoopBackOff" ||
        EndOf(step) is { ExitCode: not 0 };

    private static string InitText(V1ContainerStatus step) =>
        step.State?.Waiting is { Reason: "CreateContainerConfigError" or "CreateContainerError" } waiting
            ? $"its container {step.Name} cannot be made: {waiting.Message}"
            : $"{step.Name}: {CrashText(EndOf(step))}";

    private static V1ContainerStateTerminated? EndOf(V1ContainerStatus step) =>
        step.State?.Terminated ?? step.LastState?.Terminated;

    private static string CrashText(V1ContainerStateTerminated? ended)
    {
        const int TextMax = 200;
        string code = (ended?.ExitCode ?? 0).ToString(CultureInfo.InvariantCulture);
        string last = (ended?.Message ?? "").TrimEnd().Split('\n')[^1];
        return $"it ends with code {code}" + (last.Length == 0 ? "" : $": {last[..Math.Min(TextMax, last.Length)]}");
    }

    private static long BytesOf(IDictionary<string, ResourceQuantity>? amounts) =>
        amounts is not null && amounts.TryGetValue("storage", out ResourceQuantity? amount) ? amount.ToInt64() : 0;

    private static DateTimeOffset TimeOf(DateTime? time) =>
        time is { } given
            ? new DateTimeOffset(DateTime.SpecifyKind(given, DateTimeKind.Utc))
            : DateTimeOffset.UnixEpoch;
}
