using System.ComponentModel;
using Kv.Kubernetes;
using Kv.Kubernetes.Crds;

namespace Kv.Operator.Api;

[KubernetesEntity(Group = Names.Group, ApiVersion = "v1", Kind = "KvCluster", PluralName = "kvclusters")]
[KubernetesEntityShortNames("kvc")]
[KubernetesEntityCategories("all")]
[ScaleSubresource(".spec.replicas", ".status.replicas", LabelSelectorPath = ".status.selector")]
[GenericAdditionalPrinterColumn(".status.version", "Version", "string")]
[GenericAdditionalPrinterColumn(".spec.replicas", "Replicas", "integer")]
[GenericAdditionalPrinterColumn(".status.readyReplicas", "Ready", "integer")]
[GenericAdditionalPrinterColumn(".status.leader", "Leader", "string")]
[GenericAdditionalPrinterColumn(".status.phase", "Phase", "string")]
[GenericAdditionalPrinterColumn(".metadata.creationTimestamp", "Age", "date")]
[GenericAdditionalPrinterColumn(".status.message", "Message", "string", Priority = 1)]
[Description("A replicated key-value store that speaks etcd's protocols.")]
[ValidationRule(
    "size(self.metadata.name) <= 40",
    "metadata.name may have at most 40 characters: names of pods and hosts are made from it")]
[ValidationRule(
    "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    "metadata.name must be a DNS label that begins with a letter: names of Services and hosts are made from it")]
public sealed class V1KvCluster : CustomKubernetesEntity<KvClusterSpec, KvClusterStatus>;
