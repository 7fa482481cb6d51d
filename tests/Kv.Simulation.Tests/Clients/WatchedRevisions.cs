using Kv.Simulation.Tests.Checks;
using Kv.Testing.Linearizability;

namespace Kv.Simulation.Tests.Clients;

/// <summary>What watchers were told of each revision: by whomever it was told, it must have been the same.</summary>
internal sealed class WatchedRevisions(History history)
{
    private readonly SortedDictionary<long, IReadOnlyList<ObservedChange>> _changes = [];
    private readonly HashSet<long> _compactedAt = [];

    /// <summary>All revisions that anybody was told of, in order.</summary>
    public IEnumerable<(long Revision, IReadOnlyList<ObservedChange> Changes)> All =>
        _changes.Select(static pair => (pair.Key, pair.Value));

    /// <summary>Somebody wants that revision to be the oldest that can be read: then its own changes need not be whole
    /// any more, as the deletions among them are given up (in etcd too).</summary>
    public void CompactAt(long revision) => _compactedAt.Add(revision);

    public bool IsCompactedAt(long revision) => _compactedAt.Contains(revision);

    public void Add(long revision, IReadOnlyList<ObservedChange> changes, TimeSpan now, string by)
    {
        if (_compactedAt.Contains(revision))
            return;
        if (_changes.TryAdd(revision, changes))
        {
            history.Observe(revision, changes, now.Ticks);
            return;
        }

        if (!_changes[revision].SequenceEqual(changes))
        {
            throw new SimulationFailedException(
                $"{by} was told of revision {revision}: {string.Join(", ", changes)}\n"
                + $"but another: {string.Join(", ", _changes[revision])}");
        }
    }
}
