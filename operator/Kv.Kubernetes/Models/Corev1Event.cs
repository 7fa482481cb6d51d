using System.Text.Json.Serialization;
using Kv.Kubernetes.Json;

namespace Kv.Kubernetes.Models;

[KubernetesEntity(ApiVersion = "v1", Kind = "Event", PluralName = "events")]
public sealed class Corev1Event : CustomKubernetesEntity
{
    public string? Action { get; set; }
    public int? Count { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTime? EventTime { get; set; }

    public DateTime? FirstTimestamp { get; set; }
    public V1ObjectReference InvolvedObject { get; set; } = new();
    public DateTime? LastTimestamp { get; set; }
    public string? Message { get; set; }
    public string? Reason { get; set; }
    public V1ObjectReference? Related { get; set; }
    public string? ReportingComponent { get; set; }
    public string? ReportingInstance { get; set; }
    public Corev1EventSeries? Series { get; set; }
    public V1EventSource? Source { get; set; }
    public string? Type { get; set; }
}

public sealed class Corev1EventSeries : ApiModel
{
    public int? Count { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTime? LastObservedTime { get; set; }
}
