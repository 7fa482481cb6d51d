using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Models;

public sealed class V1JSONSchemaProps : ApiModel
{
    public string? Description { get; set; }
    public string? Type { get; set; }
    public string? Format { get; set; }
    public string? Title { get; set; }

    [JsonPropertyName("default")]
    public JsonNode? DefaultProperty { get; set; }

    [JsonPropertyName("enum")]
    public IList<JsonNode>? EnumProperty { get; set; }

    public bool? Nullable { get; set; }
    public double? Minimum { get; set; }
    public double? Maximum { get; set; }
    public bool? ExclusiveMinimum { get; set; }
    public bool? ExclusiveMaximum { get; set; }
    public double? MultipleOf { get; set; }
    public long? MinLength { get; set; }
    public long? MaxLength { get; set; }
    public string? Pattern { get; set; }
    public long? MinItems { get; set; }
    public long? MaxItems { get; set; }
    public bool? UniqueItems { get; set; }
    public long? MinProperties { get; set; }
    public long? MaxProperties { get; set; }
    public IList<string>? Required { get; set; }
    public IDictionary<string, V1JSONSchemaProps>? Properties { get; set; }
    public V1JSONSchemaPropsOrBool? AdditionalProperties { get; set; }
    public V1JSONSchemaProps? Items { get; set; }
    public IList<V1JSONSchemaProps>? AllOf { get; set; }
    public IList<V1JSONSchemaProps>? AnyOf { get; set; }
    public IList<V1JSONSchemaProps>? OneOf { get; set; }
    public V1JSONSchemaProps? Not { get; set; }
    public JsonNode? Example { get; set; }
    public JsonNode? ExternalDocs { get; set; }

    [JsonPropertyName("x-kubernetes-embedded-resource")]
    public bool? XKubernetesEmbeddedResource { get; set; }

    [JsonPropertyName("x-kubernetes-int-or-string")]
    public bool? XKubernetesIntOrString { get; set; }

    [JsonPropertyName("x-kubernetes-list-map-keys")]
    public IList<string>? XKubernetesListMapKeys { get; set; }

    [JsonPropertyName("x-kubernetes-list-type")]
    public string? XKubernetesListType { get; set; }

    [JsonPropertyName("x-kubernetes-map-type")]
    public string? XKubernetesMapType { get; set; }

    [JsonPropertyName("x-kubernetes-preserve-unknown-fields")]
    public bool? XKubernetesPreserveUnknownFields { get; set; }

    [JsonPropertyName("x-kubernetes-validations")]
    public IList<V1ValidationRule>? XKubernetesValidations { get; set; }
}

public sealed class V1ValidationRule : ApiModel
{
    public string? FieldPath { get; set; }
    public string? Message { get; set; }
    public string? MessageExpression { get; set; }
    public bool? OptionalOldSelf { get; set; }
    public string? Reason { get; set; }
    public string Rule { get; set; } = "";
}
