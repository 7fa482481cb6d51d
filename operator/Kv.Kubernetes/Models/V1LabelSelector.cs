using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Models;

public sealed class V1LabelSelector : ApiModel
{
    public IDictionary<string, string>? MatchLabels { get; set; }
    public IList<V1LabelSelectorRequirement>? MatchExpressions { get; set; }
}

public sealed class V1LabelSelectorRequirement : ApiModel
{
    public string Key { get; set; } = "";
    /// <summary>"In", "NotIn", "Exists" or "DoesNotExist".</summary>
    [JsonPropertyName("operator")]
    public string OperatorProperty { get; set; } = "";
    public IList<string>? Values { get; set; }
}
