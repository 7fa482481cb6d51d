using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

/// <summary>A bucket of a service that speaks S3, and how it is reached.</summary>
public abstract class S3Store : ApiModel
{
    [Required]
    [Pattern("^[a-z0-9][-a-z0-9.]*[a-z0-9]$")]
    [Length(3, 63)]
    [Description("The bucket, which has to be there.")]
    public string Bucket { get; set; } = "";

    [Pattern("^https?://[^/\\s]+/?$")]
    [Length(1, 512)]
    [Description("URL of the service, if it is not that of AWS.")]
    public string? Endpoint { get; set; }

    [Length(1, 64)]
    [Description("Region that requests are signed for, if the service asks for one.")]
    public string? Region { get; set; }

    [Required]
    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("Secret with accessKeyId and secretAccessKey.")]
    public string CredentialsSecret { get; set; } = "";
}
