namespace Kv.Kubernetes.Models;

public sealed class V1PodSpec : ApiModel
{
    public long? ActiveDeadlineSeconds { get; set; }
    public V1Affinity? Affinity { get; set; }
    public bool? AutomountServiceAccountToken { get; set; }
    public IList<V1Container>? Containers { get; set; }
    public V1PodDNSConfig? DnsConfig { get; set; }
    public string? DnsPolicy { get; set; }
    public bool? EnableServiceLinks { get; set; }
    public IList<V1HostAlias>? HostAliases { get; set; }
    public bool? HostIPC { get; set; }
    public bool? HostNetwork { get; set; }
    public bool? HostPID { get; set; }
    public bool? HostUsers { get; set; }
    public string? Hostname { get; set; }
    public IList<V1LocalObjectReference>? ImagePullSecrets { get; set; }
    public IList<V1Container>? InitContainers { get; set; }
    public string? NodeName { get; set; }
    public IDictionary<string, string>? NodeSelector { get; set; }
    public IDictionary<string, ResourceQuantity>? Overhead { get; set; }
    public string? PreemptionPolicy { get; set; }
    public int? Priority { get; set; }
    public string? PriorityClassName { get; set; }
    public IList<V1PodReadinessGate>? ReadinessGates { get; set; }
    public string? RestartPolicy { get; set; }
    public string? RuntimeClassName { get; set; }
    public string? SchedulerName { get; set; }
    public IList<V1PodSchedulingGate>? SchedulingGates { get; set; }
    public V1PodSecurityContext? SecurityContext { get; set; }
    public string? ServiceAccountName { get; set; }
    public bool? SetHostnameAsFQDN { get; set; }
    public bool? ShareProcessNamespace { get; set; }
    public string? Subdomain { get; set; }
    public long? TerminationGracePeriodSeconds { get; set; }
    public IList<V1Toleration>? Tolerations { get; set; }
    public IList<V1TopologySpreadConstraint>? TopologySpreadConstraints { get; set; }
    public IList<V1Volume>? Volumes { get; set; }
}

public sealed class V1PodDNSConfig : ApiModel
{
    public IList<string>? Nameservers { get; set; }
    public IList<string>? Searches { get; set; }
    public IList<V1PodDNSConfigOption>? Options { get; set; }
}

public sealed class V1PodDNSConfigOption : ApiModel
{
    public string? Name { get; set; }
    public string? Value { get; set; }
}

public sealed class V1HostAlias : ApiModel
{
    public string Ip { get; set; } = "";
    public IList<string>? Hostnames { get; set; }
}

public sealed class V1LocalObjectReference : ApiModel
{
    public string? Name { get; set; }
}

public sealed class V1PodReadinessGate : ApiModel
{
    public string ConditionType { get; set; } = "";
}

public sealed class V1PodSchedulingGate : ApiModel
{
    public string Name { get; set; } = "";
}

public sealed class V1PodSecurityContext : ApiModel
{
    public long? FsGroup { get; set; }
    public string? FsGroupChangePolicy { get; set; }
    public long? RunAsGroup { get; set; }
    public bool? RunAsNonRoot { get; set; }
    public long? RunAsUser { get; set; }
    public V1SELinuxOptions? SeLinuxOptions { get; set; }
    public V1SeccompProfile? SeccompProfile { get; set; }
    public IList<long>? SupplementalGroups { get; set; }
    public IList<V1Sysctl>? Sysctls { get; set; }
}

public sealed class V1SELinuxOptions : ApiModel
{
    public string? Level { get; set; }
    public string? Role { get; set; }
    public string? Type { get; set; }
    public string? User { get; set; }
}

public sealed class V1SeccompProfile : ApiModel
{
    public string Type { get; set; } = "";
    public string? LocalhostProfile { get; set; }
}

public sealed class V1Sysctl : ApiModel
{
    public string Name { get; set; } = "";
    public string Value { get; set; } = "";
}
