using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;

namespace Kv.Operator.Objects;

/// <summary>What all members of a cluster share.</summary>
public static class SharedObjects
{
    /// <summary>Gives every pod its name. Also before it is ready: members find each other by it while they start.
    /// </summary>
    public static V1Service PeerService(ClusterLayout layout) => new()
    {
        Metadata = layout.OwnedMetadata(layout.PeerService),
        Spec = new V1ServiceSpec
        {
            ClusterIP = "None",
            PublishNotReadyAddresses = true,
            Selector = layout.Selector(),
            Ports =
            [
                Port("peer", ClusterLayout.PeerPort),
                Port("client", ClusterLayout.ClientPort),
                Port("metrics", ClusterLayout.MetricsPort),
            ],
        },
    };

    /// <summary>Chooses voters that are ready: a learner would refuse what clients ask.</summary>
    public static V1Service ClientService(ClusterLayout layout)
    {
        V1ObjectMeta metadata = layout.OwnedMetadata(layout.ClientService);
        IDictionary<string, string>? annotations = layout.Spec.ClientService?.Annotations;
        foreach ((string key, string value) in annotations ?? new Dictionary<string, string>())
            metadata.Annotations!.TryAdd(key, value);
        Dictionary<string, string> selector = layout.Selector();
        selector[Names.Serving] = "true";
        return new V1Service
        {
            Metadata = metadata,
            Spec = new V1ServiceSpec
            {
                Type = (layout.Spec.ClientService?.Type ?? ServiceKind.ClusterIP).ToString(),
                Selector = selector,
                Ports = [Port("client", ClusterLayout.ClientPort)],
            },
        };
    }

    /// <summary>Keeps a quorum of as many voters as there are or are to be, whichever is more, so that it does not
    /// give way while members come and go.</summary>
    public static V1PodDisruptionBudget Budget(ClusterLayout layout, int voters)
    {
        int size = Math.Max(voters, layout.Spec.Replicas);
        bool mayEndLast = size == 1 && (layout.Spec.Disruption ?? new DisruptionSpec()).AllowSingleMemberEviction;
        Dictionary<string, string> selector = layout.Selector();
        selector[Names.Serving] = "true";
        return new V1PodDisruptionBudget
        {
            Metadata = layout.OwnedMetadata(layout.Name),
            Spec = new V1PodDisruptionBudgetSpec
            {
                MinAvailable = mayEndLast ? 0 : new Quorum(size, size).Size,
                Selector = new V1LabelSelector { MatchLabels = selector },

                // One that does not serve gives nothing, and must not keep a node from being drained.
                UnhealthyPodEvictionPolicy = "AlwaysAllow",
            },
        };
    }

    /// <summary>Peers only among members; clients and scrapers wherever they are.</summary>
    public static V1NetworkPolicy NetworkPolicy(ClusterLayout layout) => new()
    {
        Metadata = layout.OwnedMetadata(layout.Name),
        Spec = new V1NetworkPolicySpec
        {
            PodSelector = new V1LabelSelector { MatchLabels = layout.Selector() },
            PolicyTypes = ["Ingress"],
            Ingress =
            [
                new V1NetworkPolicyIngressRule
                {
                    From =
                    [
                        new V1NetworkPolicyPeer
                        {
                            PodSelector = new V1LabelSelector { MatchLabels = layout.Selector() },
                        },
                    ],
                    Ports = [PolicyPort(ClusterLayout.PeerPort)],
                },
                new V1NetworkPolicyIngressRule
                {
                    Ports = [PolicyPort(ClusterLayout.ClientPort), PolicyPort(ClusterLayout.MetricsPort)],
                },
            ],
        },
    };

    private static V1ServicePort Port(string name, int port) =>
        new() { Name = name, Port = port, TargetPort = name, Protocol = "TCP" };

    private static V1NetworkPolicyPort PolicyPort(int port) => new() { Port = port, Protocol = "TCP" };
}
