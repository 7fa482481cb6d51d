namespace Kv.Testing.Linearizability;

/// <summary>What a client asks of the store, in one form for all: if every condition holds, the steps of
/// <paramref name="Then"/> are taken, else those of <see cref="Else"/>. A put, a delete or a get is a request without
/// conditions and with one step. All steps of a request see and make one revision.</summary>
public sealed record Request(IReadOnlyList<Step> Then)
{
    public IReadOnlyList<Condition> If { get; init; } = [];

    public IReadOnlyList<Step> Else { get; init; } = [];

    /// <summary>Whether it could change anything, whichever way it goes.</summary>
    public bool MayWrite => Then.Concat(Else).Any(static step => step is not Step.Get);

    public static Request Put(string key, string value, long lease = 0) => new([new Step.Put(key, value, lease)]);

    public static Request Delete(string key) => new([new Step.Delete(key)]);

    public static Request Get(string key) => new([new Step.Get(key)]);

    /// <summary>Whether it is a range, read or deleted at once: the keys of the steps are all that may be between the
    /// first and the last of them.</summary>
    public bool IsRange { get; private init; }

    public static Request GetRange(IReadOnlyList<string> keys) =>
        new([.. keys.Select(static key => new Step.Get(key))]) { IsRange = true };

    public static Request DeleteRange(IReadOnlyList<string> keys) =>
        new([.. keys.Select(static key => new Step.Delete(key))]) { IsRange = true };

    /// <summary>Reads a key as it was at an earlier revision.</summary>
    public static Request GetAt(string key, long revision) => new([new Step.Get(key, revision)]);

    /// <summary>Ends a lease, by revoking it or because its time ran out: its keys go in one revision.</summary>
    public static Request EndLease(long lease) => new([new Step.EndLease(lease)]);

    public override string ToString()
    {
        string then = string.Join("; ", Then);
        if (If.Count == 0)
            return then;
        string otherwise = Else.Count > 0 ? $" else {string.Join("; ", Else)}" : "";
        return $"if {string.Join(" and ", If)} then {then}{otherwise}";
    }
}

/// <summary>One step of a request.</summary>
public abstract record Step
{
    private Step()
    {
    }

    public sealed record Put(string Key, string Value, long Lease = 0) : Step
    {
        public override string ToString() => $"put {Key}={Value}" + (Lease != 0 ? $" lease {Lease}" : "");
    }

    public sealed record Delete(string Key) : Step
    {
        public override string ToString() => $"delete {Key}";
    }

    /// <param name="At">The revision to read at; 0 for the current one. Other than 0 only in a request of this one
    /// step.</param>
    public sealed record Get(string Key, long At = 0) : Step
    {
        public override string ToString() => $"get {Key}" + (At != 0 ? $" at {At}" : "");
    }

    public sealed record EndLease(long Lease) : Step
    {
        public override string ToString() => $"end lease {Lease}";
    }
}

/// <summary>What a condition looks at.</summary>
public enum ConditionTarget
{
    Version,
    Created,
    Modified,
    Value,
}

/// <summary>That a property of a key equals something. A key that is not there has zero in all its numbers, and no
/// value equals its.</summary>
public sealed record Condition(string Key, ConditionTarget Target, long Number = 0, string Value = "")
{
    public static Condition Modified(string key, long revision) => new(key, ConditionTarget.Modified, revision);

    public static Condition HasValue(string key, string value) => new(key, ConditionTarget.Value, Value: value);

    public bool Holds(StoredValue? found) => Target switch
    {
        ConditionTarget.Version => (found?.Version ?? 0) == Number,
        ConditionTarget.Created => (found?.Created ?? 0) == Number,
        ConditionTarget.Modified => (found?.Modified ?? 0) == Number,
        _ => found is { } stored && stored.Value == Value,
    };

    public override string ToString() =>
        $"{Target} of {Key} is {(Target == ConditionTarget.Value ? Value : Number)}";
}
