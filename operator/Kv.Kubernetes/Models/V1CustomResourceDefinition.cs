using System.Text.Json.Nodes;

namespace Kv.Kubernetes.Models;

[KubernetesEntity(
    Group = "apiextensions.k8s.io",
    ApiVersion = "v1",
    Kind = "CustomResourceDefinition",
    PluralName = "customresourcedefinitions")]
public sealed class V1CustomResourceDefinition
    : CustomKubernetesEntity<V1CustomResourceDefinitionSpec, V1CustomResourceDefinitionStatus>;

public sealed class V1CustomResourceDefinitionSpec : ApiModel
{
    public V1CustomResourceConversion? Conversion { get; set; }
    public string Group { get; set; } = "";
    public V1CustomResourceDefinitionNames Names { get; set; } = new();
    public bool? PreserveUnknownFields { get; set; }
    public string Scope { get; set; } = "";
    public IList<V1CustomResourceDefinitionVersion>? Versions { get; set; }
}

public sealed class V1CustomResourceConversion : ApiModel
{
    public string Strategy { get; set; } = "";
    public JsonNode? Webhook { get; set; }
}

public sealed class V1CustomResourceDefinitionNames : ApiModel
{
    public IList<string>? Categories { get; set; }
    public string Kind { get; set; } = "";
    public string? ListKind { get; set; }
    public string Plural { get; set; } = "";
    public IList<string>? ShortNames { get; set; }
    public string? Singular { get; set; }
}

public sealed class V1CustomResourceDefinitionVersion : ApiModel
{
    public IList<V1CustomResourceColumnDefinition>? AdditionalPrinterColumns { get; set; }
    public bool? Deprecated { get; set; }
    public string? DeprecationWarning { get; set; }
    public string Name { get; set; } = "";
    public V1CustomResourceValidation? Schema { get; set; }
    public IList<V1SelectableField>? SelectableFields { get; set; }
    public bool Served { get; set; }
    public bool Storage { get; set; }
    public V1CustomResourceSubresources? Subresources { get; set; }
}

public sealed class V1CustomResourceColumnDefinition : ApiModel
{
    public string? Description { get; set; }
    public string? Format { get; set; }
    public string JsonPath { get; set; } = "";
    public string Name { get; set; } = "";
    public int? Priority { get; set; }
    public string Type { get; set; } = "";
}

public sealed class V1CustomResourceValidation : ApiModel
{
    public V1JSONSchemaProps? OpenAPIV3Schema { get; set; }
}

public sealed class V1SelectableField : ApiModel
{
    public string JsonPath { get; set; } = "";
}

public sealed class V1CustomResourceSubresources : ApiModel
{
    public V1CustomResourceSubresourceScale? Scale { get; set; }
    public V1CustomResourceSubresourceStatus? Status { get; set; }
}

public sealed class V1CustomResourceSubresourceStatus : ApiModel;

public sealed class V1CustomResourceSubresourceScale : ApiModel
{
    public string? LabelSelectorPath { get; set; }
    public string SpecReplicasPath { get; set; } = "";
    public string StatusReplicasPath { get; set; } = "";
}

public sealed class V1CustomResourceDefinitionStatus : ApiModel
{
    public V1CustomResourceDefinitionNames? AcceptedNames { get; set; }
    public IList<V1CustomResourceDefinitionCondition>? Conditions { get; set; }
    public IList<string>? StoredVersions { get; set; }
}

public sealed class V1CustomResourceDefinitionCondition : ApiModel
{
    public string Type { get; set; } = "";
    public string Status { get; set; } = "";
    public string? Reason { get; set; }
    public string? Message { get; set; }
    public DateTime? LastTransitionTime { get; set; }
}
