namespace Kv.Operator.Planning;

/// <summary>The arithmetic of votes: how many voters there are, and how many of them serve and are caught
/// up.</summary>
public readonly record struct Quorum(int Voters, int Healthy)
{
    public int Size => (Voters / 2) + 1;

    /// <summary>Whether anything can be committed.</summary>
    public bool Holds => Voters > 0 && Healthy >= Size;

    public bool IsWhole => Healthy == Voters;

    /// <summary>Whether a voter may stop for a while. With one or two voters a stop is downtime, not loss; it is
    /// allowed when all are well, since otherwise such clusters could never be changed.</summary>
    public bool AllowsStopOf(bool isHealthy) =>
        !isHealthy || Healthy - 1 >= Size || (Voters <= 2 && IsWhole);

    /// <summary>Whether a stop of a healthy voter goes unnoticed.</summary>
    public bool SparesOne => Healthy - 1 >= Size;

    /// <summary>Whether a voter may be removed for good: the removal itself must be committed by the voters there
    /// are, and those that remain must be able to commit without it.</summary>
    public bool AllowsRemovalOf(bool isHealthy) =>
        Voters > 1 && Holds && new Quorum(Voters - 1, Healthy - (isHealthy ? 1 : 0)).Holds;
}
