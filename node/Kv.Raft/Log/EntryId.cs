namespace Kv.Raft;

/// <summary>Names one entry of the log for all time: two logs that hold an entry of the same id hold the same
/// entry, and agree on all entries before it (the Log Matching property).</summary>
public readonly record struct EntryId(ulong Term, ulong Index) : IComparable<EntryId>
{
    /// <summary>The id that stands before the first entry of an empty log.</summary>
    public static EntryId Zero => default;

    /// <summary>Orders logs by how up to date they are: the later last term wins, then the longer log.</summary>
    public int CompareTo(EntryId other) =>
        Term != other.Term ? Term.CompareTo(other.Term) : Index.CompareTo(other.Index);

    public static bool operator <(EntryId left, EntryId right) => left.CompareTo(right) < 0;

    public static bool operator >(EntryId left, EntryId right) => left.CompareTo(right) > 0;

    public static bool operator <=(EntryId left, EntryId right) => left.CompareTo(right) <= 0;

    public static bool operator >=(EntryId left, EntryId right) => left.CompareTo(right) >= 0;

    public override string ToString() => $"{Term}/{Index}";
}
