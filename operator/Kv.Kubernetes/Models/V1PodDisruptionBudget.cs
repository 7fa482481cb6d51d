namespace Kv.Kubernetes.Models;

[KubernetesEntity(
    Group = "policy",
    ApiVersion = "v1",
    Kind = "PodDisruptionBudget",
    PluralName = "poddisruptionbudgets")]
public sealed class V1PodDisruptionBudget
    : CustomKubernetesEntity<V1PodDisruptionBudgetSpec, V1PodDisruptionBudgetStatus>;

public sealed class V1PodDisruptionBudgetSpec : ApiModel
{
    public IntOrString? MaxUnavailable { get; set; }
    public IntOrString? MinAvailable { get; set; }
    public V1LabelSelector? Selector { get; set; }
    public string? UnhealthyPodEvictionPolicy { get; set; }
}

public sealed class V1PodDisruptionBudgetStatus : ApiModel
{
    public IList<V1Condition>? Conditions { get; set; }
    public int CurrentHealthy { get; set; }
    public int DesiredHealthy { get; set; }
    public IDictionary<string, DateTime>? DisruptedPods { get; set; }
    public int DisruptionsAllowed { get; set; }
    public int ExpectedPods { get; set; }
    public long? ObservedGeneration { get; set; }
}

[KubernetesEntity(Group = "policy", ApiVersion = "v1", Kind = "Eviction", PluralName = "evictions")]
public sealed class V1Eviction : CustomKubernetesEntity
{
    public V1DeleteOptions? DeleteOptions { get; set; }
}
