namespace Kv.Kubernetes.Models;

[KubernetesEntity(Group = "rbac.authorization.k8s.io", ApiVersion = "v1", Kind = "Role", PluralName = "roles")]
public sealed class V1Role : CustomKubernetesEntity
{
    public IList<V1PolicyRule>? Rules { get; set; }
}

[KubernetesEntity(
    Group = "rbac.authorization.k8s.io",
    ApiVersion = "v1",
    Kind = "ClusterRole",
    PluralName = "clusterroles")]
public sealed class V1ClusterRole : CustomKubernetesEntity
{
    public IList<V1PolicyRule>? Rules { get; set; }
}

public sealed class V1PolicyRule : ApiModel
{
    public IList<string>? ApiGroups { get; set; }
    public IList<string>? NonResourceURLs { get; set; }
    public IList<string>? ResourceNames { get; set; }
    public IList<string>? Resources { get; set; }
    public IList<string>? Verbs { get; set; }
}
