using Kv.Operator.Api;

namespace Kv.Operator.Reconciling;

/// <summary>Tells people what was decided. Never waits, and may lose some.</summary>
public interface IClusterEvents
{
    void Publish(V1KvCluster cluster, bool isWarning, string reason, string message);
}
