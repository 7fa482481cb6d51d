using Kv.Kubernetes.Models;
using Kv.Operator.Api;

namespace Kv.Operator.Objects;

/// <summary>The claim of a member's volume. It has no owner reference: volumes go when the operator has seen that they
/// may, never because an object that is gone takes them with it.</summary>
public static class MemberVolume
{
    public static V1PersistentVolumeClaim Build(ClusterLayout layout, string member)
    {
        Dictionary<string, string> labels = layout.Labels();
        labels[Names.Member] = member;
        return new V1PersistentVolumeClaim
        {
            Metadata = new V1ObjectMeta
            {
                Name = ClusterLayout.VolumeNameOf(member),
                NamespaceProperty = layout.Namespace,
                Labels = labels,
                Annotations = new Dictionary<string, string> { [Names.ClusterUid] = layout.Uid },
            },
            Spec = new V1PersistentVolumeClaimSpec
            {
                AccessModes = ["ReadWriteOnce"],
                StorageClassName = layout.Spec.Storage.StorageClassName,
                Resources = new V1VolumeResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = layout.Spec.Storage.Size },
                },
            },
        };
    }
}
