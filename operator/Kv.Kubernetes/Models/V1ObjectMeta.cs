using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Models;

public sealed class V1ObjectMeta : ApiModel
{
    public string? Name { get; set; }
    public string? GenerateName { get; set; }

    [JsonPropertyName("namespace")]
    public string? NamespaceProperty { get; set; }

    public string? Uid { get; set; }

    /// <summary>The server's mark of this state of the object: to be compared for equality only.</summary>
    public string? ResourceVersion { get; set; }

    /// <summary>Counts the changes of the spec.</summary>
    public long? Generation { get; set; }

    public DateTime? CreationTimestamp { get; set; }
    public DateTime? DeletionTimestamp { get; set; }
    public long? DeletionGracePeriodSeconds { get; set; }
    public IDictionary<string, string>? Labels { get; set; }
    public IDictionary<string, string>? Annotations { get; set; }
    public IList<V1OwnerReference>? OwnerReferences { get; set; }
    public IList<string>? Finalizers { get; set; }
    public IList<V1ManagedFieldsEntry>? ManagedFields { get; set; }
}

public sealed class V1OwnerReference : ApiModel
{
    public string ApiVersion { get; set; } = "";
    public string Kind { get; set; } = "";
    public string Name { get; set; } = "";
    public string Uid { get; set; } = "";
    public bool? Controller { get; set; }
    public bool? BlockOwnerDeletion { get; set; }
}

public sealed class V1ManagedFieldsEntry : ApiModel
{
    public string? Manager { get; set; }
    public string? Operation { get; set; }
    public string? ApiVersion { get; set; }
    public string? Subresource { get; set; }
    public DateTime? Time { get; set; }
    public string? FieldsType { get; set; }
    public JsonElement? FieldsV1 { get; set; }
}
