using System.Text.Json.Serialization;

namespace Kv.Kubernetes;

/// <summary>An object with a kind. A new one says the kind of its <see cref="KubernetesEntityAttribute"/>: items of a
/// list come without it, and nobody should have to write it.</summary>
public abstract class KubernetesObject : ApiModel, IKubernetesObject
{
    protected KubernetesObject()
    {
        var kind = EntityKind.Find(GetType());
        ApiVersion = kind?.ApiVersion ?? "";
        Kind = kind?.Kind ?? "";
    }

    [JsonPropertyOrder(-3)]
    public string ApiVersion { get; set; }

    [JsonPropertyOrder(-2)]
    public string Kind { get; set; }
}
