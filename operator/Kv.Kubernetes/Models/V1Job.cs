namespace Kv.Kubernetes.Models;

[KubernetesEntity(Group = "batch", ApiVersion = "v1", Kind = "Job", PluralName = "jobs")]
public sealed class V1Job : CustomKubernetesEntity<V1JobSpec, V1JobStatus>;

public sealed class V1JobSpec : ApiModel
{
    public long? ActiveDeadlineSeconds { get; set; }
    public int? BackoffLimit { get; set; }
    public int? Completions { get; set; }
    public string? CompletionMode { get; set; }
    public bool? ManualSelector { get; set; }
    public int? Parallelism { get; set; }
    public string? PodReplacementPolicy { get; set; }
    public V1LabelSelector? Selector { get; set; }
    public bool? Suspend { get; set; }
    public V1PodTemplateSpec Template { get; set; } = new();
    public int? TtlSecondsAfterFinished { get; set; }
}

public sealed class V1JobStatus : ApiModel
{
    public int? Active { get; set; }
    public DateTime? CompletionTime { get; set; }
    public IList<V1JobCondition>? Conditions { get; set; }
    public int? Failed { get; set; }
    public int? Ready { get; set; }
    public DateTime? StartTime { get; set; }
    public int? Succeeded { get; set; }
    public int? Terminating { get; set; }
}

public sealed class V1JobCondition : ApiModel
{
    public string Type { get; set; } = "";
    public string Status { get; set; } = "";
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTime? LastProbeTime { get; set; }
    public DateTime? LastTransitionTime { get; set; }
}
