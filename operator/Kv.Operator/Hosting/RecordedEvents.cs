using Kv.Kubernetes;
using Kv.Kubernetes.Events;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Reconciling;
using Kv.Operator.Snapshots;
using Microsoft.Extensions.Logging;

namespace Kv.Operator.Hosting;

/// <summary>Events as objects of the API, and as lines of the log.</summary>
public sealed class RecordedEvents(EventRecorder recorder, ILogger logger) : IClusterEvents, ISnapshotEvents
{
    public void Publish(V1KvCluster cluster, bool isWarning, string reason, string message) =>
        Publish((IKubernetesObject<V1ObjectMeta>)cluster, isWarning, reason, message);

    public void Publish(IKubernetesObject<V1ObjectMeta> about, bool isWarning, string reason, string message)
    {
        string name = $"{about.Namespace()}/{about.Name()}";
        if (isWarning)
            Log.Blocked(logger, name, reason, message);
        else
            Log.Decided(logger, name, reason, message);
        recorder.Publish(about, reason, message, isWarning ? EventType.Warning : EventType.Normal);
    }
}
