namespace Kv.Kubernetes.Models;

public sealed class V1Container : ApiModel
{
    public IList<string>? Args { get; set; }
    public IList<string>? Command { get; set; }
    public IList<V1EnvVar>? Env { get; set; }
    public IList<V1EnvFromSource>? EnvFrom { get; set; }
    public string? Image { get; set; }
    public string? ImagePullPolicy { get; set; }
    public V1Lifecycle? Lifecycle { get; set; }
    public V1Probe? LivenessProbe { get; set; }
    public string Name { get; set; } = "";
    public IList<V1ContainerPort>? Ports { get; set; }
    public V1Probe? ReadinessProbe { get; set; }
    public V1ResourceRequirements? Resources { get; set; }
    public string? RestartPolicy { get; set; }
    public V1SecurityContext? SecurityContext { get; set; }
    public V1Probe? StartupProbe { get; set; }
    public bool? Stdin { get; set; }
    public string? TerminationMessagePath { get; set; }
    public string? TerminationMessagePolicy { get; set; }
    public bool? Tty { get; set; }
    public IList<V1VolumeDevice>? VolumeDevices { get; set; }
    public IList<V1VolumeMount>? VolumeMounts { get; set; }
    public string? WorkingDir { get; set; }
}

public sealed class V1ContainerPort : ApiModel
{
    public int ContainerPort { get; set; }
    public string? HostIP { get; set; }
    public int? HostPort { get; set; }
    public string? Name { get; set; }
    public string? Protocol { get; set; }
}

public sealed class V1EnvVar : ApiModel
{
    public string Name { get; set; } = "";
    public string? Value { get; set; }
    public V1EnvVarSource? ValueFrom { get; set; }
}

public sealed class V1EnvVarSource : ApiModel
{
    public V1ConfigMapKeySelector? ConfigMapKeyRef { get; set; }
    public V1ObjectFieldSelector? FieldRef { get; set; }
    public V1ResourceFieldSelector? ResourceFieldRef { get; set; }
    public V1SecretKeySelector? SecretKeyRef { get; set; }
}

public sealed class V1EnvFromSource : ApiModel
{
    public string? Prefix { get; set; }
    public V1ConfigMapEnvSource? ConfigMapRef { get; set; }
    public V1SecretEnvSource? SecretRef { get; set; }
}

public sealed class V1ConfigMapEnvSource : ApiModel
{
    public string? Name { get; set; }
    public bool? Optional { get; set; }
}

public sealed class V1SecretEnvSource : ApiModel
{
    public string? Name { get; set; }
    public bool? Optional { get; set; }
}

public sealed class V1ConfigMapKeySelector : ApiModel
{
    public string? Name { get; set; }
    public string Key { get; set; } = "";
    public bool? Optional { get; set; }
}

public sealed class V1SecretKeySelector : ApiModel
{
    public string? Name { get; set; }
    public string Key { get; set; } = "";
    public bool? Optional { get; set; }
}

public sealed class V1ObjectFieldSelector : ApiModel
{
    public string? ApiVersion { get; set; }
    public string FieldPath { get; set; } = "";
}

public sealed class V1ResourceFieldSelector : ApiModel
{
    public string? ContainerName { get; set; }
    public ResourceQuantity? Divisor { get; set; }
    public string Resource { get; set; } = "";
}

public sealed class V1ResourceRequirements : ApiModel
{
    public IList<V1ResourceClaim>? Claims { get; set; }
    public IDictionary<string, ResourceQuantity>? Limits { get; set; }
    public IDictionary<string, ResourceQuantity>? Requests { get; set; }
}

public sealed class V1ResourceClaim : ApiModel
{
    public string Name { get; set; } = "";
    public string? Request { get; set; }
}

public sealed class V1SecurityContext : ApiModel
{
    public bool? AllowPrivilegeEscalation { get; set; }
    public V1Capabilities? Capabilities { get; set; }
    public bool? Privileged { get; set; }
    public string? ProcMount { get; set; }
    public bool? ReadOnlyRootFilesystem { get; set; }
    public long? RunAsGroup { get; set; }
    public bool? RunAsNonRoot { get; set; }
    public long? RunAsUser { get; set; }
    public V1SELinuxOptions? SeLinuxOptions { get; set; }
    public V1SeccompProfile? SeccompProfile { get; set; }
}

public sealed class V1Capabilities : ApiModel
{
    public IList<string>? Add { get; set; }
    public IList<string>? Drop { get; set; }
}

public sealed class V1VolumeMount : ApiModel
{
    public string Name { get; set; } = "";
    public string MountPath { get; set; } = "";
    public string? MountPropagation { get; set; }
    public bool? ReadOnly { get; set; }
    public string? RecursiveReadOnly { get; set; }
    public string? SubPath { get; set; }
    public string? SubPathExpr { get; set; }
}

public sealed class V1VolumeDevice : ApiModel
{
    public string Name { get; set; } = "";
    public string DevicePath { get; set; } = "";
}
