using Kv.Raft;

namespace Kv.Simulation.Tests.Checks;

/// <summary>What must hold at every moment of a run, whoever crashes: a term has one leader (Raft §5.2), and no two
/// members apply different entries at one index (§5.4.3).</summary>
internal sealed class ClusterRules
{
    private readonly Dictionary<ulong, ulong> _leaders = [];
    private readonly List<AppliedEntry> _applied = [];

    /// <summary>Terms that had a leader.</summary>
    public int LedTerms => _leaders.Count;

    /// <summary>The last index that any member has applied.</summary>
    public ulong LastApplied => (ulong)_applied.Count;

    /// <summary>Called with a member that leads in a term in which nobody was seen to lead before.</summary>
    public Action<ulong>? TookOffice { get; set; }

    public void OnLeader(ulong member, ulong term)
    {
        if (_leaders.TryAdd(term, member))
        {
            TookOffice?.Invoke(member);
            return;
        }

        if (_leaders[term] == member)
            return;
        throw new SimulationFailedException($"members {_leaders[term]} and {member} both led in term {term}");
    }

    public void OnCommitted(ulong member, IReadOnlyList<Entry> entries)
    {
        for (int index = 0; index < entries.Count; index++)
            OnCommitted(member, entries[index]);
    }

    private void OnCommitted(ulong member, in Entry entry)
    {
        var applied = new AppliedEntry(entry.Term, entry.Type, HashOf(entry.Data.Span), member);
        if (entry.Index == LastApplied + 1)
        {
            _applied.Add(applied);
            return;
        }

        if (entry.Index > LastApplied)
            throw new SimulationFailedException($"member {member} applied entry {entry.Index} after {LastApplied}");
        AppliedEntry known = _applied[(int)entry.Index - 1];
        if (known != applied with { By = known.By })
        {
            throw new SimulationFailedException(
                $"at index {entry.Index} member {known.By} applied {known} and member {member} {applied}");
        }
    }

    private static ulong HashOf(ReadOnlySpan<byte> data)
    {
        unchecked
        {
            ulong hash = 14695981039346656037;
            foreach (byte each in data)
                hash = (hash ^ each) * 1099511628211;
            return hash;
        }
    }

    private readonly record struct AppliedEntry(ulong Term, EntryType Type, ulong Hash, ulong By);
}
