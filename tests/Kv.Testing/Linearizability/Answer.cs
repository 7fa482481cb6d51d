namespace Kv.Testing.Linearizability;

/// <summary>A key as the store holds it. Revisions are those at which it was made, and last put.</summary>
public readonly record struct StoredValue(string Value, long Created, long Modified, long Version, long Lease = 0)
{
    public override string ToString() =>
        $"{Value} (created {Created}, modified {Modified}, version {Version}"
        + (Lease != 0 ? $", lease {Lease})" : ")");
}

/// <summary>What a step was answered: what a get found, null for nothing; how many keys a delete or the end of a lease
/// took away; nothing for a put.</summary>
public readonly record struct StepAnswer(StoredValue? Found = null, int Deleted = 0);

/// <summary>What a client was answered.</summary>
/// <param name="Revision">The one in the answer's header: of a request that changed something its own, of any other the
/// one it saw.</param>
/// <param name="Succeeded">Whether the conditions held.</param>
/// <param name="Steps">One for each step that was taken.</param>
public sealed record Answer(long Revision, bool Succeeded, IReadOnlyList<StepAnswer> Steps)
{
    public static Answer OfPut(long revision) => new(revision, Succeeded: true, [default]);

    public static Answer OfDelete(long revision, int deleted) =>
        new(revision, Succeeded: true, [new StepAnswer(Deleted: deleted)]);

    public static Answer OfGet(long revision, StoredValue? found) =>
        new(revision, Succeeded: true, [new StepAnswer(found)]);

    /// <summary>Whether, by this answer, the request changed something.</summary>
    public bool IsWrite(Request request)
    {
        IReadOnlyList<Step> taken = Succeeded ? request.Then : request.Else;
        for (int step = 0; step < taken.Count && step < Steps.Count; step++)
        {
            bool deletes = taken[step] is Step.Delete or Step.EndLease && Steps[step].Deleted > 0;
            if (deletes || taken[step] is Step.Put)
                return true;
        }

        return false;
    }

    public bool Matches(Answer other) =>
        Revision == other.Revision && Succeeded == other.Succeeded && Steps.SequenceEqual(other.Steps);

    public override string ToString()
    {
        IEnumerable<string> steps = Steps.Select(static step =>
            step.Found is { } found ? found.ToString() : step.Deleted > 0 ? $"{step.Deleted} deleted" : "-");
        return $"revision {Revision}, {(Succeeded ? "then" : "else")}: {string.Join("; ", steps)}";
    }
}
