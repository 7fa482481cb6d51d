using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;

namespace Kv.Operator.Objects;

/// <summary>The pod of a member: fit for the restricted profile, told only what it needs to start.</summary>
public static class MemberPod
{
    private const string DataFolder = "/var/lib/kv";
    private const string ClientTlsFolder = "/etc/kv/client-tls";
    private const string PeerTlsFolder = "/etc/kv/peer-tls";

    internal const string Container = "kv-node";

    /// <summary>Where a node keeps its data; the volume is one above, so that there is room beside it.</summary>
    internal const string DataDirectory = $"{DataFolder}/data";

    /// <summary>Remembers that there was data. Unlike the volume, it is of the pod.</summary>
    internal const string MarkerFile = "/tmp/has-data";

    public static V1Pod Build(
        ClusterLayout layout, string member, PodStart start, string initialCluster, bool isServing)
    {
        V1Pod pod = Template(layout, member);
        V1Container container = pod.Spec.Containers![0];
        string told = start == PodStart.JoinCluster ? initialCluster : $"{member}={layout.PeerUrlOf(member)}";
        container.Args =
        [
            .. container.Args!,
            $"--initial-cluster={told}",
            $"--initial-cluster-state={(start == PodStart.FormCluster ? "new" : "existing")}",

            // The process may be started again with what counts for the first start alone, and by then its volume may
            // have been emptied.
            .. start is PodStart.Resume or PodStart.Survive ? [] : new[] { $"--data-marker={MarkerFile}" },
            .. start == PodStart.Survive ? new[] { "--force-new-cluster=true" } : [],
        ];
        pod.Metadata.Annotations![Names.TemplateHash] = HashOf(layout);
        if (start == PodStart.JoinCluster)
            pod.Metadata.Annotations[Names.InitialCluster] = initialCluster;
        if (isServing)
            pod.Metadata.Labels![Names.Serving] = "true";
        return pod;
    }

    /// <summary>What tells whether a pod is outdated: a hash of the pod as we would make it, not as the API server
    /// has it, for that fills in defaults and may change images.</summary>
    public static string HashOf(ClusterLayout layout)
    {
        V1Pod pod = Template(layout, "member");
        pod.Metadata.OwnerReferences = null;
        string text = Sorted(KubernetesJson.SerializeToNode(pod))!.ToJsonString();
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)).AsSpan(0, 8));
    }

    /// <summary>Labels and the like come in whatever order they were written in.</summary>
    private static JsonNode? Sorted(JsonNode? node) => node switch
    {
        JsonObject members => new JsonObject(
            members.OrderBy(member => member.Key, StringComparer.Ordinal)
                .Select(member => KeyValuePair.Create(member.Key, Sorted(member.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Sorted)]),
        _ => node?.DeepClone(),
    };

    private static V1Pod Template(ClusterLayout layout, string member)
    {
        KvClusterSpec spec = layout.Spec;
        V1ObjectMeta metadata = layout.OwnedMetadata(member);
        metadata.Labels![Names.Member] = member;
        Add(metadata.Labels, spec.PodMetadata?.Labels);
        Add(metadata.Annotations!, spec.PodMetadata?.Annotations);
        return new V1Pod
        {
            Metadata = metadata,
            Spec = new V1PodSpec
            {
                Hostname = member,
                Subdomain = layout.PeerService,
                AutomountServiceAccountToken = false,
                EnableServiceLinks = false,
                TerminationGracePeriodSeconds = 30,
                ImagePullSecrets = spec.ImagePullSecrets,
                ServiceAccountName = spec.Scheduling?.ServiceAccountName,
                PriorityClassName = spec.Scheduling?.PriorityClassName,
                NodeSelector = spec.Scheduling?.NodeSelector,
                Tolerations = spec.Scheduling?.Tolerations,
                Affinity = Spread.Affinity(layout),
                TopologySpreadConstraints = Spread.OverZones(layout),
                SecurityContext = RestrictedProfile.OfPod(),
                Containers = [Node(layout, member)],
                Volumes = Volumes(layout, member),
            },
        };
    }

    private static V1Container Node(ClusterLayout layout, string member) => new()
    {
        Name = Container,
        Image = layout.Image,
        ImagePullPolicy = layout.Spec.ImagePullPolicy.ToString(),
        Args = [.. NodeFlags.Of(layout, member, DataDirectory, ClientTlsFolder, PeerTlsFolder)],
        Env = [.. NodeVariables.Of(layout, member)],
        Ports =
        [
            new V1ContainerPort { Name = "client", ContainerPort = ClusterLayout.ClientPort },
            new V1ContainerPort { Name = "peer", ContainerPort = ClusterLayout.PeerPort },
            new V1ContainerPort { Name = "metrics", ContainerPort = ClusterLayout.MetricsPort },
        ],
        Resources = layout.Spec.Resources,

        // A start may replay a long log; once it is over, a node that hangs is restarted after half a minute, and one
        // that has lost its leader gets no clients.
        StartupProbe = Probe("/livez", period: 1, failures: 900),
        LivenessProbe = Probe("/livez", period: 5, failures: 6),
        ReadinessProbe = Probe("/readyz", period: 2, failures: 2),
        SecurityContext = RestrictedProfile.OfContainer(),
        TerminationMessagePolicy = "FallbackToLogsOnError",
        VolumeMounts =
        [
            new V1VolumeMount { Name = "data", MountPath = DataFolder },
            new V1VolumeMount { Name = "tmp", MountPath = "/tmp" },
            .. layout.HasClientTls ? [Mount("client-tls", ClientTlsFolder)] : Array.Empty<V1VolumeMount>(),
            .. layout.HasPeerTls ? [Mount("peer-tls", PeerTlsFolder)] : Array.Empty<V1VolumeMount>(),
        ],
    };

    private static V1VolumeMount Mount(string name, string path) =>
        new() { Name = name, MountPath = path, ReadOnly = true };

    private static List<V1Volume> Volumes(ClusterLayout layout, string member)
    {
        List<V1Volume> volumes =
        [
            new V1Volume
            {
                Name = "data",
                PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource
                {
                    ClaimName = ClusterLayout.VolumeNameOf(member),
                },
            },
            new V1Volume { Name = "tmp", EmptyDir = new V1EmptyDirVolumeSource() },
        ];
        if (layout.HasClientTls)
            volumes.Add(Certificates("client-tls", layout.ClientTlsSecret));
        if (layout.HasPeerTls)
            volumes.Add(Certificates("peer-tls", layout.PeerTlsSecret));
        return volumes;
    }

    private static V1Volume Certificates(string name, string secret) => new()
    {
        Name = name,
        Secret = new V1SecretVolumeSource { SecretName = secret, DefaultMode = 0x1A0 /* 0640 */ },
    };

    /// <summary>Probes are asked on the port of metrics: it needs no certificate, and is no client's.</summary>
    private static V1Probe Probe(string path, int period, int failures) => new()
    {
        HttpGet = new V1HTTPGetAction { Path = path, Port = "metrics" },
        PeriodSeconds = period,
        TimeoutSeconds = 5,
        FailureThreshold = failures,
    };

    private static void Add(IDictionary<string, string> to, IDictionary<string, string>? from)
    {
        foreach ((string key, string value) in from ?? new Dictionary<string, string>())
            to.TryAdd(key, value);
    }
}
