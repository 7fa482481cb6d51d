using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

/// <summary>A variable of the nodes' environment, in the form that containers of Kubernetes have it. Only those of
/// OpenTelemetry: any other setting of a node has a field of its own, which the operator knows of.</summary>
[ValidationRule(
    "has(self.value) != has(self.valueFrom)",
    "give exactly one of value and valueFrom for each variable of spec.env")]
[ValidationRule(
    "!has(self.value) || !self.name.endsWith('_PROTOCOL') || self.value in ['', 'grpc', 'http/protobuf']",
    "spec.env: OTLP is carried by grpc or http/protobuf")]
[ValidationRule(
    "!has(self.value) || !self.name.endsWith('_ENDPOINT') || self.value.matches('^(https?://.+)?$')",
    "spec.env: an endpoint is a URL of http or https, as http://collector.observability:4317")]
public sealed class EnvVariable : ApiModel
{
    /// <summary>What all of them begin with.</summary>
    public const string Prefix = "OTEL_";

    [Required]
    [Pattern($"^{Prefix}[A-Z0-9_]+$")]
    [Length(6, 128)]
    [Description("Name of the variable, as OTEL_EXPORTER_OTLP_ENDPOINT.")]
    public string Name { get; set; } = "";

    [Length(0, 4096)]
    [Description("Its value. $(NODE_NAME), $(HOST_IP) and $(POD_IP) stand for where the member runs.")]
    public string? Value { get; set; }

    [Description("Where its value comes from, for what must not be told.")]
    public EnvSource? ValueFrom { get; set; }
}

public sealed class EnvSource : ApiModel
{
    [Required]
    [Description("A key of a Secret.")]
    public SecretKeyReference SecretKeyRef { get; set; } = new();
}

public sealed class SecretKeyReference : ApiModel
{
    [Required]
    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("The Secret, in the namespace of the cluster. Members that run do not see when it changes.")]
    public string Name { get; set; } = "";

    [Required]
    [Pattern("^[-._a-zA-Z0-9]+$")]
    [Length(1, 253)]
    [Description("The key in it.")]
    public string Key { get; set; } = "";
}
