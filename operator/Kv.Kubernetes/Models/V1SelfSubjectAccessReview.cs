using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Models;

[KubernetesEntity(
    Group = "authorization.k8s.io",
    ApiVersion = "v1",
    Kind = "SelfSubjectAccessReview",
    PluralName = "selfsubjectaccessreviews")]
public sealed class V1SelfSubjectAccessReview
    : CustomKubernetesEntity<V1SelfSubjectAccessReviewSpec, V1SubjectAccessReviewStatus>;

[KubernetesEntity(
    Group = "authorization.k8s.io",
    ApiVersion = "v1",
    Kind = "SubjectAccessReview",
    PluralName = "subjectaccessreviews")]
public sealed class V1SubjectAccessReview
    : CustomKubernetesEntity<V1SubjectAccessReviewSpec, V1SubjectAccessReviewStatus>;

public sealed class V1SelfSubjectAccessReviewSpec : ApiModel
{
    public V1NonResourceAttributes? NonResourceAttributes { get; set; }
    public V1ResourceAttributes? ResourceAttributes { get; set; }
}

public sealed class V1SubjectAccessReviewSpec : ApiModel
{
    public IDictionary<string, IList<string>>? Extra { get; set; }
    public IList<string>? Groups { get; set; }
    public V1NonResourceAttributes? NonResourceAttributes { get; set; }
    public V1ResourceAttributes? ResourceAttributes { get; set; }
    public string? Uid { get; set; }
    public string? User { get; set; }
}

public sealed class V1ResourceAttributes : ApiModel
{
    public string? Group { get; set; }
    public string? Name { get; set; }

    [JsonPropertyName("namespace")]
    public string? NamespaceProperty { get; set; }

    public string? Resource { get; set; }
    public string? Subresource { get; set; }
    public string? Verb { get; set; }
    public string? Version { get; set; }
}

public sealed class V1NonResourceAttributes : ApiModel
{
    public string? Path { get; set; }
    public string? Verb { get; set; }
}

public sealed class V1SubjectAccessReviewStatus : ApiModel
{
    public bool Allowed { get; set; }
    public bool? Denied { get; set; }
    public string? EvaluationError { get; set; }
    public string? Reason { get; set; }
}
