using System.Text.Json.Serialization;
using Kv.Kubernetes.Json;

namespace Kv.Kubernetes.Models;

[KubernetesEntity(Group = "events.k8s.io", ApiVersion = "v1", Kind = "Event", PluralName = "events")]
public sealed class Eventsv1Event : CustomKubernetesEntity
{
    public string? Action { get; set; }
    public int? DeprecatedCount { get; set; }
    public DateTime? DeprecatedFirstTimestamp { get; set; }
    public DateTime? DeprecatedLastTimestamp { get; set; }
    public V1EventSource? DeprecatedSource { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTime? EventTime { get; set; }

    public string? Note { get; set; }
    public string? Reason { get; set; }
    public V1ObjectReference? Regarding { get; set; }
    public V1ObjectReference? Related { get; set; }
    public string? ReportingController { get; set; }
    public string? ReportingInstance { get; set; }
    public Eventsv1EventSeries? Series { get; set; }
    public string? Type { get; set; }
}

public sealed class Eventsv1EventSeries : ApiModel
{
    public int Count { get; set; }

    [JsonConverter(typeof(MicroTimeConverter))]
    public DateTime? LastObservedTime { get; set; }
}

public sealed class V1EventSource : ApiModel
{
    public string? Component { get; set; }
    public string? Host { get; set; }
}

public sealed class V1ObjectReference : ApiModel
{
    public string? ApiVersion { get; set; }
    public string? FieldPath { get; set; }
    public string? Kind { get; set; }
    public string? Name { get; set; }

    [JsonPropertyName("namespace")]
    public string? NamespaceProperty { get; set; }

    public string? ResourceVersion { get; set; }
    public string? Uid { get; set; }
}
