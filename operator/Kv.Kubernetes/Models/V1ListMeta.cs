using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Models;

public sealed class V1ListMeta : ApiModel
{
    public string? ResourceVersion { get; set; }

    /// <summary>What to send to get the next page; null or empty on the last.</summary>
    [JsonPropertyName("continue")]
    public string? ContinueProperty { get; set; }

    public long? RemainingItemCount { get; set; }
}
