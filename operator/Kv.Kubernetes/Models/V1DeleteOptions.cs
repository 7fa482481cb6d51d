namespace Kv.Kubernetes.Models;

[KubernetesEntity(ApiVersion = "v1", Kind = "DeleteOptions", PluralName = "deleteoptions")]
public sealed class V1DeleteOptions : KubernetesObject
{
    public IList<string>? DryRun { get; set; }
    public long? GracePeriodSeconds { get; set; }
    public V1Preconditions? Preconditions { get; set; }
    public string? PropagationPolicy { get; set; }
}

public sealed class V1Preconditions : ApiModel
{
    public string? ResourceVersion { get; set; }
    public string? Uid { get; set; }
}
