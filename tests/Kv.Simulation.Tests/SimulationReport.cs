namespace Kv.Simulation.Tests;

/// <summary>What a run came to: by the hash of its trace it can be told from any other.</summary>
internal sealed record SimulationReport(
    int Seed,
    ulong TraceHash,
    TimeSpan Simulated,
    long Events,
    int Operations,
    int Answered,
    long Revisions,
    int LedTerms,
    int Faults,
    int Snapshots,
    int MemberChanges)
{
    public override string ToString() =>
        $"seed {Seed}: {Simulated.TotalSeconds:F0} s, {Events} events, {Answered} of {Operations} requests answered, "
        + $"{Revisions} revisions, {LedTerms} terms, {Faults} faults, {Snapshots} snapshots sent, "
        + $"{MemberChanges} changes of members, trace {TraceHash:x16}";
}
