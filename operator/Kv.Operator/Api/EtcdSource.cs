using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

[ValidationRule("size(self.endpoints) > 0", "give at least one of spec.bootstrap.fromEtcd.endpoints")]
public sealed class EtcdSource : ApiModel
{
    [Required]
    [ItemsMaximum(9)]
    [ItemPattern("^https?://[^/\\s]+$", 512)]
    [Description("URLs for clients of its members; best of all of them.")]
    public IList<string> Endpoints { get; set; } = [];

    [Pattern(Patterns.ObjectName)]
    [Length(1, 253)]
    [Description("Secret with ca.crt, and with tls.crt and tls.key if certificates of clients are asked for.")]
    public string? TlsSecret { get; set; }

    [Default]
    [Description("Whether its own members leave once as many of ours are in as are wanted.")]
    public bool Finalize { get; set; }
}
