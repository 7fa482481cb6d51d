namespace Kv.Kubernetes.Models;

[KubernetesEntity(Group = "apps", ApiVersion = "v1", Kind = "Deployment", PluralName = "deployments")]
public sealed class V1Deployment : CustomKubernetesEntity<V1DeploymentSpec, V1DeploymentStatus>;

public sealed class V1DeploymentSpec : ApiModel
{
    public int? MinReadySeconds { get; set; }
    public bool? Paused { get; set; }
    public int? ProgressDeadlineSeconds { get; set; }
    public int? Replicas { get; set; }
    public int? RevisionHistoryLimit { get; set; }
    public V1LabelSelector Selector { get; set; } = new();
    public V1DeploymentStrategy? Strategy { get; set; }
    public V1PodTemplateSpec Template { get; set; } = new();
}

public sealed class V1DeploymentStrategy : ApiModel
{
    public string? Type { get; set; }
    public V1RollingUpdateDeployment? RollingUpdate { get; set; }
}

public sealed class V1RollingUpdateDeployment : ApiModel
{
    public IntOrString? MaxSurge { get; set; }
    public IntOrString? MaxUnavailable { get; set; }
}

public sealed class V1DeploymentStatus : ApiModel
{
    public int? AvailableReplicas { get; set; }
    public IList<V1DeploymentCondition>? Conditions { get; set; }
    public long? ObservedGeneration { get; set; }
    public int? ReadyReplicas { get; set; }
    public int? Replicas { get; set; }
    public int? UnavailableReplicas { get; set; }
    public int? UpdatedReplicas { get; set; }
}

public sealed class V1DeploymentCondition : ApiModel
{
    public string Type { get; set; } = "";
    public string Status { get; set; } = "";
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTime? LastTransitionTime { get; set; }
    public DateTime? LastUpdateTime { get; set; }
}
