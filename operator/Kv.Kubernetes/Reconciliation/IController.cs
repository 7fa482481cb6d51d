namespace Kv.Kubernetes.Reconciliation;

/// <summary>A controller of some kind, for whoever only starts and stops it.</summary>
public interface IController
{
    string Name { get; }

    /// <summary>Works until it is stopped, and returns when the last worker has ended.</summary>
    Task RunAsync(CancellationToken stop);
}
