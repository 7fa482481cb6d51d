using Kv.Server.Peers;
using Kv.Store;

namespace Kv.Server.Corruption;

/// <summary>What can be said of members from the hashes of their keys; etcd's rules. Hashes at one revision can be
/// compared only if they were computed from the same compaction on.</summary>
internal static class CorruptionRules
{
    /// <summary>Whether two members differ for certain.</summary>
    public static bool Differ(KeyValueHash own, PeerHash peer) =>
        own.CompactRevision == peer.CompactRevision && own.Hash != peer.Hash;

    /// <summary>What the leader finds when it compares at its current revision, which goes on meanwhile.</summary>
    /// <param name="before">Its own hash, at the revision that the others were asked for.</param>
    /// <param name="after">The same after a linearizable read: nobody can be further than this.</param>
    public static IEnumerable<PeriodicFinding> OfCurrent(
        ulong self, KeyValueHash before, KeyValueHash after, IEnumerable<HashReply> replies)
    {
        bool isSameAgain = before.Revision == after.Revision && before.CompactRevision == after.CompactRevision;
        if (isSameAgain && before.Hash != after.Hash)
            yield return new PeriodicFinding(self, PeriodicFault.OwnHash, default);

        foreach (HashReply reply in replies)
        {
            if (reply.Hash is not { } peer)
                continue;
            if (peer.CurrentRevision > after.Revision)
                yield return new PeriodicFinding(reply.Member, PeriodicFault.AheadOfLeader, peer);
            if (peer.CompactRevision > after.CompactRevision)
                yield return new PeriodicFinding(reply.Member, PeriodicFault.CompactedBeyondLeader, peer);
            if (Differ(before, peer))
                yield return new PeriodicFinding(reply.Member, PeriodicFault.Hash, peer);
        }
    }

    /// <summary>What the leader finds about the hash of a compaction, which all members compute in passing. Who differs
    /// from the majority is wrong; without a majority nobody knows who is.</summary>
    public static CompactionVerdict OfCompaction(ulong self, KeyValueHash own, IReadOnlyList<HashReply> replies)
    {
        HashReply[] comparable =
        [
            .. replies.Where(reply => reply.Hash is { } peer && peer.CompactRevision == own.CompactRevision),
        ];
        var groups = comparable.GroupBy(reply => reply.Hash!.Value.Hash, reply => reply.Member)
            .ToDictionary(group => group.Key, group => group.ToList());
        if (!groups.TryAdd(own.Hash, [self]))
            groups[own.Hash].Add(self);

        int quorum = ((replies.Count + 1) / 2) + 1;
        uint? majority = groups.Where(group => group.Value.Count >= quorum).Select(group => (uint?)group.Key)
            .SingleOrDefault();
        return new CompactionVerdict(
            comparable.Length,
            IsComplete: comparable.Length == replies.Count,
            HasMajority: majority is not null,
            groups.Count == 1
                ? []
                : [.. groups.Where(group => group.Key != majority).Select(group =>
                    new HashGroup(group.Key, group.Value))]);
    }
}

/// <summary>What can be wrong with a member at the leader's current revision.</summary>
internal enum PeriodicFault
{
    OwnHash,
    AheadOfLeader,
    CompactedBeyondLeader,
    Hash,
}

/// <summary>Which member it is that has a fault, and what it answered.</summary>
internal readonly record struct PeriodicFinding(ulong Member, PeriodicFault Fault, PeerHash Peer);

/// <summary>Members whose keys have the same hash.</summary>
internal sealed record HashGroup(uint Hash, IReadOnlyList<ulong> Members);

/// <summary>What came of comparing the hashes of a compaction.</summary>
/// <param name="PeersChecked">How many others could be compared.</param>
/// <param name="IsComplete">Whether all could.</param>
/// <param name="HasMajority">Whether more than half of all members have the same hash.</param>
/// <param name="Differing">Those that are not of the majority; empty if all hashes are the same.</param>
internal sealed record CompactionVerdict(
    int PeersChecked, bool IsComplete, bool HasMajority, IReadOnlyList<HashGroup> Differing)
{
    // Etcd's word for "some member, nobody knows which".
    private const ulong Nobody = 0;

    /// <summary>Of whom the CORRUPT alarm is to be raised.</summary>
    public IEnumerable<ulong> Alarmed => Differing.Count == 0 ? []
        : HasMajority ? Differing.SelectMany(group => group.Members)
        : [Nobody];

    /// <summary>Whether there is nothing more to find by comparing at an older compaction.</summary>
    public bool IsFinal => IsComplete || Differing.Count > 0;
}
