namespace Kv.Kubernetes.Models;

public sealed class V1Probe : ApiModel
{
    public V1ExecAction? Exec { get; set; }
    public V1HTTPGetAction? HttpGet { get; set; }
    public V1TCPSocketAction? TcpSocket { get; set; }
    public V1GRPCAction? Grpc { get; set; }
    public int? InitialDelaySeconds { get; set; }
    public int? TimeoutSeconds { get; set; }
    public int? PeriodSeconds { get; set; }
    public int? SuccessThreshold { get; set; }
    public int? FailureThreshold { get; set; }
    public long? TerminationGracePeriodSeconds { get; set; }
}

public sealed class V1ExecAction : ApiModel
{
    public IList<string>? Command { get; set; }
}

public sealed class V1HTTPGetAction : ApiModel
{
    public string? Path { get; set; }
    public IntOrString? Port { get; set; }
    public string? Host { get; set; }
    public string? Scheme { get; set; }
    public IList<V1HTTPHeader>? HttpHeaders { get; set; }
}

public sealed class V1HTTPHeader : ApiModel
{
    public string Name { get; set; } = "";
    public string Value { get; set; } = "";
}

public sealed class V1TCPSocketAction : ApiModel
{
    public IntOrString? Port { get; set; }
    public string? Host { get; set; }
}

public sealed class V1GRPCAction : ApiModel
{
    public int Port { get; set; }
    public string? Service { get; set; }
}

public sealed class V1Lifecycle : ApiModel
{
    public V1LifecycleHandler? PostStart { get; set; }
    public V1LifecycleHandler? PreStop { get; set; }
}

public sealed class V1LifecycleHandler : ApiModel
{
    public V1ExecAction? Exec { get; set; }
    public V1HTTPGetAction? HttpGet { get; set; }
    public V1TCPSocketAction? TcpSocket { get; set; }
    public V1SleepAction? Sleep { get; set; }
}

public sealed class V1SleepAction : ApiModel
{
    public long Seconds { get; set; }
}
