namespace Kv.Kubernetes.Models;

/// <summary>What the API answers when there is no object to answer with: above all, an error.</summary>
public sealed class V1Status : KubernetesObject, IMetadata<V1ListMeta>
{
    public V1ListMeta Metadata { get; set; } = new();

    /// <summary>"Success" or "Failure".</summary>
    public string? Status { get; set; }

    public string? Message { get; set; }

    /// <summary>One word for the kind of error, see <see cref="StatusReason"/>.</summary>
    public string? Reason { get; set; }

    /// <summary>The HTTP status.</summary>
    public int? Code { get; set; }

    public V1StatusDetails? Details { get; set; }
}

public sealed class V1StatusDetails : ApiModel
{
    public string? Name { get; set; }
    public string? Group { get; set; }
    public string? Kind { get; set; }
    public string? Uid { get; set; }
    public int? RetryAfterSeconds { get; set; }
    public IList<V1StatusCause>? Causes { get; set; }
}

public sealed class V1StatusCause : ApiModel
{
    public string? Field { get; set; }
    public string? Message { get; set; }
    public string? Reason { get; set; }
}
