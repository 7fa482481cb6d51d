using Kv.Kubernetes.Informers;
using Kv.Kubernetes.Queues;

namespace Kv.Kubernetes.Reconciliation;

/// <summary>How a controller works.</summary>
public sealed record ControllerOptions
{
    /// <summary>In logs and metrics.</summary>
    public required string Name { get; init; }

    /// <summary>How many objects at once, each by one worker: one that takes long does not hold up the
    /// others.</summary>
    public int Workers { get; init; } = 4;

    /// <summary>How long one pass may take. What is waited for is waited for between passes.</summary>
    public TimeSpan ReconcileMax { get; init; } = TimeSpan.FromMinutes(2);

    public WorkQueueOptions Queue { get; init; } = new();

    /// <summary>Whether the registered finalizers are put on objects before they are first reconciled.</summary>
    public bool AutoAttachFinalizers { get; init; } = true;

    public InformerOptions Informer { get; init; } = new();
}
