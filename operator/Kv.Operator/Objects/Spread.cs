using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Objects;

/// <summary>How members keep apart from each other.</summary>
internal static class Spread
{
    private const string HostKey = "kubernetes.io/hostname";
    private const string ZoneKey = "topology.kubernetes.io/zone";

    public static V1Affinity? Affinity(ClusterLayout layout)
    {
        SchedulingSpec scheduling = layout.Spec.Scheduling ?? new SchedulingSpec();
        if (scheduling.Affinity is not null)
            return scheduling.Affinity;
        if (scheduling.NodeSpread == SpreadRule.Off)
            return null;

        var others = new V1PodAffinityTerm { LabelSelector = Members(layout), TopologyKey = HostKey };
        return new V1Affinity
        {
            PodAntiAffinity = scheduling.NodeSpread == SpreadRule.Required
                ? new V1PodAntiAffinity { RequiredDuringSchedulingIgnoredDuringExecution = [others] }
                : new V1PodAntiAffinity
                {
                    PreferredDuringSchedulingIgnoredDuringExecution =
                        [new V1WeightedPodAffinityTerm { Weight = 100, PodAffinityTerm = others }],
                },
        };
    }

    public static IList<V1TopologySpreadConstraint>? OverZones(ClusterLayout layout)
    {
        SpreadRule rule = layout.Spec.Scheduling?.ZoneSpread ?? SpreadRule.Preferred;
        return rule == SpreadRule.Off
            ? null
            :
            [
                new V1TopologySpreadConstraint
                {
                    MaxSkew = 1,
                    TopologyKey = ZoneKey,
                    WhenUnsatisfiable = rule == SpreadRule.Required ? "DoNotSchedule" : "ScheduleAnyway",
                    LabelSelector = Members(layout),
                },
            ];
    }

    private static V1LabelSelector Members(ClusterLayout layout) => new() { MatchLabels = layout.Selector() };
}
