namespace Kv.Testing.Linearizability;

/// <summary>What a check found.</summary>
/// <param name="Finding">Why not, for a reader; empty if all is well.</param>
public sealed record Verdict(VerdictKind Kind, string Finding = "")
{
    public static Verdict Linearizable { get; } = new(VerdictKind.Linearizable);

    public bool IsLinearizable => Kind == VerdictKind.Linearizable;
}

public enum VerdictKind
{
    Linearizable,
    Violated,

    /// <summary>There were too many ways in which it might have happened, and those that were tried do not
    /// fit.</summary>
    Undecided,
}
