using Kv.Kubernetes;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Snapshots;

/// <summary>Tells people what became of snapshots. Never waits, and may lose some.</summary>
public interface ISnapshotEvents
{
    void Publish(IKubernetesObject<V1ObjectMeta> about, bool isWarning, string reason, string message);
}
