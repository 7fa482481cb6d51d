namespace Kv.Operator.Planning;

/// <summary>Members are to be taken to another version than the one that they had settled on.</summary>
/// <param name="From">Image that all of them have run.</param>
/// <param name="To">What the image that is asked for is called, in a form that names of objects may have.</param>
public sealed record UpgradeWanted(string From, string To)
{
    /// <summary>Whether a snapshot is to be taken before.</summary>
    public bool TakesSnapshot { get; init; }

    /// <summary>Whether it is said where that snapshot is kept.</summary>
    public bool HasDestination { get; init; }
}
