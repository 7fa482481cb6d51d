namespace Kv.Operator.Tests.Planning;

/// <summary>The plan asked for what must never be.</summary>
public sealed class PlanBrokenException(string what) : Exception($"The plan asked for {what}.");
