using System.Collections.Concurrent;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Reconciling;

/// <summary>In which zone pods run. Newer API servers write the zone of its node on a pod; otherwise the node itself is
/// asked, once in a while, since nodes do not move. Where nodes may not be read, zones are not known.</summary>
public sealed class NodeZones(IKubernetesClient client, TimeProvider clock)
{
    private const string ZoneLabel = "topology.kubernetes.io/zone";
    private const int NodesMax = 10_000;

    /// <summary>A node that is made anew under its name may be elsewhere.</summary>
    private static readonly TimeSpan KeptFor = TimeSpan.FromHours(1);

    private readonly ConcurrentDictionary<string, Known> _known = new();

    /// <summary>Empty if it is not known, or not scheduled yet.</summary>
    public async Task<string> OfAsync(V1Pod pod, CancellationToken stop)
    {
        if (pod.GetLabel(ZoneLabel) is { } told)
            return told;
        if (string.IsNullOrEmpty(pod.Spec.NodeName))
            return "";
        if (_known.TryGetValue(pod.Spec.NodeName, out Known? known) && clock.GetElapsedTime(known.At) < KeptFor)
            return known.Zone;

        string zone = await AskAsync(pod.Spec.NodeName, stop);
        if (_known.Count >= NodesMax)
            _known.Clear();
        _known[pod.Spec.NodeName] = new Known(zone, clock.GetTimestamp());
        return zone;
    }

    private async Task<string> AskAsync(string node, CancellationToken stop)
    {
        try
        {
            V1Node? found = await client.GetAsync<V1Node>(node, cancellationToken: stop);
            return found?.GetLabel(ZoneLabel) ?? "";
        }
        catch (KubernetesException refused) when (refused.IsForbidden)
        {
            return "";
        }
    }

    private sealed record Known(string Zone, long At);
}
