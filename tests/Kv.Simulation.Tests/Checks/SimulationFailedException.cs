namespace Kv.Simulation.Tests.Checks;

/// <summary>The members did what they must not.</summary>
public sealed class SimulationFailedException(string finding) : Exception(finding);
