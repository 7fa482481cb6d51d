namespace Kv.Operator.Tests.Reconciling;

/// <summary>The operator's process ended at this call, before or after it had its effect.</summary>
public sealed class OperatorDiedException(string where) : Exception($"died at {where}");
