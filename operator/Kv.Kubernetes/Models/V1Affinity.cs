using System.Text.Json.Serialization;

namespace Kv.Kubernetes.Models;

public sealed class V1Affinity : ApiModel
{
    public V1NodeAffinity? NodeAffinity { get; set; }
    public V1PodAffinity? PodAffinity { get; set; }
    public V1PodAntiAffinity? PodAntiAffinity { get; set; }
}

public sealed class V1NodeAffinity : ApiModel
{
    public V1NodeSelector? RequiredDuringSchedulingIgnoredDuringExecution { get; set; }
    public IList<V1PreferredSchedulingTerm>? PreferredDuringSchedulingIgnoredDuringExecution { get; set; }
}

public sealed class V1NodeSelector : ApiModel
{
    public IList<V1NodeSelectorTerm>? NodeSelectorTerms { get; set; }
}

public sealed class V1NodeSelectorTerm : ApiModel
{
    public IList<V1NodeSelectorRequirement>? MatchExpressions { get; set; }
    public IList<V1NodeSelectorRequirement>? MatchFields { get; set; }
}

public sealed class V1NodeSelectorRequirement : ApiModel
{
    public string Key { get; set; } = "";

    [JsonPropertyName("operator")]
    public string OperatorProperty { get; set; } = "";

    public IList<string>? Values { get; set; }
}

public sealed class V1PreferredSchedulingTerm : ApiModel
{
    public int Weight { get; set; }
    public V1NodeSelectorTerm? Preference { get; set; }
}

public sealed class V1PodAffinity : ApiModel
{
    public IList<V1PodAffinityTerm>? RequiredDuringSchedulingIgnoredDuringExecution { get; set; }
    public IList<V1WeightedPodAffinityTerm>? PreferredDuringSchedulingIgnoredDuringExecution { get; set; }
}

public sealed class V1PodAntiAffinity : ApiModel
{
    public IList<V1PodAffinityTerm>? RequiredDuringSchedulingIgnoredDuringExecution { get; set; }
    public IList<V1WeightedPodAffinityTerm>? PreferredDuringSchedulingIgnoredDuringExecution { get; set; }
}

public sealed class V1WeightedPodAffinityTerm : ApiModel
{
    public int Weight { get; set; }
    public V1PodAffinityTerm? PodAffinityTerm { get; set; }
}

public sealed class V1PodAffinityTerm : ApiModel
{
    public V1LabelSelector? LabelSelector { get; set; }
    public IList<string>? MatchLabelKeys { get; set; }
    public IList<string>? MismatchLabelKeys { get; set; }
    public V1LabelSelector? NamespaceSelector { get; set; }
    public IList<string>? Namespaces { get; set; }
    public string TopologyKey { get; set; } = "";
}

public sealed class V1TopologySpreadConstraint : ApiModel
{
    public V1LabelSelector? LabelSelector { get; set; }
    public IList<string>? MatchLabelKeys { get; set; }
    public int MaxSkew { get; set; }
    public int? MinDomains { get; set; }
    public string? NodeAffinityPolicy { get; set; }
    public string? NodeTaintsPolicy { get; set; }
    public string TopologyKey { get; set; } = "";
    public string WhenUnsatisfiable { get; set; } = "";
}

public sealed class V1Toleration : ApiModel
{
    public string? Effect { get; set; }
    public string? Key { get; set; }

    [JsonPropertyName("operator")]
    public string? OperatorProperty { get; set; }

    public long? TolerationSeconds { get; set; }
    public string? Value { get; set; }
}
