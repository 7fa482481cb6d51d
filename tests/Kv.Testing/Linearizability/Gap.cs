namespace Kv.Testing.Linearizability;

/// <summary>A revision that nobody was answered, and the requests that may have made it.</summary>
/// <param name="number">Its place among the gaps.</param>
/// <param name="candidates">The most likely first, those taken elsewhere included.</param>
internal sealed class Gap(
    int number, KeySpaceModel before, IReadOnlyList<Unanswered> candidates, Influence influence)
{
    private HashSet<string>? _touchable;

    public int Number => number;

    public KeySpaceModel Before => before;

    public long Revision => before.Revision + 1;

    public IReadOnlyList<Unanswered> Candidates => candidates;

    /// <summary>The next one to be tried.</summary>
    public int Next { get; set; }

    public Unanswered? Taken { get; set; }

    /// <summary>All keys that any candidate may write.</summary>
    public HashSet<string> Touchable => _touchable ??=
        [.. candidates.SelectMany(candidate => influence.WrittenBy(candidate.Operation.Request))];

    /// <summary>Of requests that can stand for each other, that one was tried.</summary>
    public HashSet<string> Tried { get; } = [];

    /// <summary>The earlier gaps in which another choice might have saved one of those tried here.</summary>
    public SortedSet<int> Culprits { get; } = [];
}
