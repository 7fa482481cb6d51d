namespace Kv.Kubernetes.Models;

[KubernetesEntity(
    Group = "authentication.k8s.io",
    ApiVersion = "v1",
    Kind = "TokenReview",
    PluralName = "tokenreviews")]
public sealed class V1TokenReview : CustomKubernetesEntity<V1TokenReviewSpec, V1TokenReviewStatus>;

public sealed class V1TokenReviewSpec : ApiModel
{
    public IList<string>? Audiences { get; set; }
    public string? Token { get; set; }
}

public sealed class V1TokenReviewStatus : ApiModel
{
    public IList<string>? Audiences { get; set; }
    public bool? Authenticated { get; set; }
    public string? Error { get; set; }
    public V1UserIdentity? User { get; set; }
}

public sealed class V1UserIdentity : ApiModel
{
    public IDictionary<string, IList<string>>? Extra { get; set; }
    public IList<string>? Groups { get; set; }
    public string? Uid { get; set; }
    public string? Username { get; set; }
}
