namespace Kv.Testing;

/// <summary>The simulated machine has lost its power: thrown by the operation at which that happened, and by all later
/// ones until <see cref="SimulatedDisk.Crash"/> turns it on again. No IOException, so that nothing that copes with
/// those copes with this.</summary>
public sealed class SimulatedCrashException(long operation)
    : Exception($"the machine lost its power at disk operation {operation}");
