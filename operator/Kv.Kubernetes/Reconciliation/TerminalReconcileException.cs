namespace Kv.Kubernetes.Reconciliation;

/// <summary>Nothing will come of trying again until the object changes: its spec cannot be met.</summary>
public sealed class TerminalReconcileException(string message, Exception? cause = null) : Exception(message, cause);
