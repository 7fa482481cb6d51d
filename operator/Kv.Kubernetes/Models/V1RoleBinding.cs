using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Models;

[KubernetesEntity(
    Group = "rbac.authorization.k8s.io",
    ApiVersion = "v1",
    Kind = "RoleBinding",
    PluralName = "rolebindings")]
public sealed class V1RoleBinding : CustomKubernetesEntity
{
    public V1RoleRef? RoleRef { get; set; }
    public IList<Rbacv1Subject>? Subjects { get; set; }
}

[KubernetesEntity(
    Group = "rbac.authorization.k8s.io",
    ApiVersion = "v1",
    Kind = "ClusterRoleBinding",
    PluralName = "clusterrolebindings")]
public sealed class V1ClusterRoleBinding : CustomKubernetesEntity
{
    public V1RoleRef? RoleRef { get; set; }
    public IList<Rbacv1Subject>? Subjects { get; set; }
}

public sealed class V1RoleRef : ApiModel
{
    public string ApiGroup { get; set; } = "";
    public string Kind { get; set; } = "";
    public string Name { get; set; } = "";
}

public sealed class Rbacv1Subject : ApiModel
{
    public string? ApiGroup { get; set; }
    public string Kind { get; set; } = "";
    public string Name { get; set; } = "";

    [JsonPropertyName("namespace")]
    public string? NamespaceProperty { get; set; }
}
