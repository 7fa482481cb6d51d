namespace Kv.Kubernetes.Models;

[KubernetesEntity(ApiVersion = "v1", Kind = "Pod", PluralName = "pods")]
public sealed class V1Pod : CustomKubernetesEntity<V1PodSpec, V1PodStatus>;

public sealed class V1PodTemplateSpec : ApiModel
{
    public V1ObjectMeta? Metadata { get; set; }
    public V1PodSpec? Spec { get; set; }
}

public sealed class V1PodStatus : ApiModel
{
    public string? Phase { get; set; }
    public IList<V1PodCondition>? Conditions { get; set; }
    public string? Message { get; set; }
    public string? Reason { get; set; }
    public string? NominatedNodeName { get; set; }
    public string? HostIP { get; set; }
    public string? PodIP { get; set; }
    public IList<V1PodIP>? PodIPs { get; set; }
    public DateTime? StartTime { get; set; }
    public string? QosClass { get; set; }
    public IList<V1ContainerStatus>? InitContainerStatuses { get; set; }
    public IList<V1ContainerStatus>? ContainerStatuses { get; set; }
    public IList<V1ContainerStatus>? EphemeralContainerStatuses { get; set; }
    public string? Resize { get; set; }
    public long? ObservedGeneration { get; set; }
}

public sealed class V1PodCondition : ApiModel
{
    public string Type { get; set; } = "";
    public string Status { get; set; } = "";
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTime? LastProbeTime { get; set; }
    public DateTime? LastTransitionTime { get; set; }
    public long? ObservedGeneration { get; set; }
}

public sealed class V1PodIP : ApiModel
{
    public string? Ip { get; set; }
}

public sealed class V1ContainerStatus : ApiModel
{
    public string Name { get; set; } = "";
    public V1ContainerState? State { get; set; }
    public V1ContainerState? LastState { get; set; }
    public bool Ready { get; set; }
    public int RestartCount { get; set; }
    public string? Image { get; set; }
    public string? ImageID { get; set; }
    public string? ContainerID { get; set; }
    public bool? Started { get; set; }
}

public sealed class V1ContainerState : ApiModel
{
    public V1ContainerStateWaiting? Waiting { get; set; }
    public V1ContainerStateRunning? Running { get; set; }
    public V1ContainerStateTerminated? Terminated { get; set; }
}

public sealed class V1ContainerStateWaiting : ApiModel
{
    public string? Reason { get; set; }
    public string? Message { get; set; }
}

public sealed class V1ContainerStateRunning : ApiModel
{
    public DateTime? StartedAt { get; set; }
}

public sealed class V1ContainerStateTerminated : ApiModel
{
    public int ExitCode { get; set; }
    public int? Signal { get; set; }
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTime? StartedAt { get; set; }
    public DateTime? FinishedAt { get; set; }
    public string? ContainerID { get; set; }
}
