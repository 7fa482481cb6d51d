using Kv.Server.Corruption;
using Kv.Server.Peers;
using Kv.Store;

namespace Kv.Node.Tests.Corruption;

/// <summary>What follows from the hashes that members have, and what does not.</summary>
public sealed class CorruptionRulesTests
{
    private const ulong Self = 1;
    private const long Compacted = 10;
    private const long Revision = 20;

    private static readonly KeyValueHash Own = new(0xA, Compacted, Revision);

    [Theory]
    [InlineData(0xA, 10, false)]
    [InlineData(0xB, 10, true)]
    [InlineData(0xB, 9, false)] // of another compaction: proves nothing
    [InlineData(0xB, 11, false)]
    public void Hashes_of_one_compaction_are_equal_or_a_member_is_wrong(uint hash, long compacted, bool differ) =>
        Assert.Equal(differ, CorruptionRules.Differ(Own, new PeerHash(Revision, hash, compacted, Revision)));

    /// <summary>The first is the leader's hash; ? of a member that did not answer, ! of one that compared from another
    /// compaction on. Member 0 is "somebody".</summary>
    [Theory]
    [InlineData("a a a", "", true, true)]
    [InlineData("a a b", "3", true, true)]
    [InlineData("a b b", "1", true, true)]
    [InlineData("a b c", "0", false, true)]
    [InlineData("a b", "0", false, true)]
    [InlineData("a a b b", "0", false, true)]
    [InlineData("a a a b c", "4 5", true, true)]
    [InlineData("a a a b b", "4 5", true, true)]
    [InlineData("a a ?", "", true, false)]
    [InlineData("a ? ?", "", false, false)]
    [InlineData("a b ?", "0", false, true)]
    [InlineData("a a b ?", "0", false, true)]
    [InlineData("a a a b ?", "4", true, true)]
    [InlineData("a a !", "", true, false)]
    [InlineData("a", "", true, true)]
    public void Who_differs_from_the_majority_is_wrong(string hashes, string alarmed, bool hasMajority, bool isFinal)
    {
        string[] each = hashes.Split(' ');
        HashReply[] replies = [.. each.Skip(1).Select((hash, index) => Reply((ulong)index + 2, hash))];
        CompactionVerdict verdict = CorruptionRules.OfCompaction(Self, Own, replies);

        Assert.Equal(alarmed, string.Join(' ', verdict.Alarmed.Order()));
        Assert.Equal(hasMajority, verdict.HasMajority);
        Assert.Equal(isFinal, verdict.IsFinal);
        Assert.Equal(each.Skip(1).Count(hash => hash is not ("?" or "!")), verdict.PeersChecked);
    }

    [Theory]
    [InlineData(20, 10, 0xA, "")]
    [InlineData(20, 10, 0xB, "Hash")]
    [InlineData(20, 9, 0xB, "")]
    [InlineData(25, 10, 0xA, "")] // more than the leader had when it asked, not more than it has now
    [InlineData(26, 10, 0xA, "AheadOfLeader")]
    [InlineData(20, 12, 0xB, "")] // compacted meanwhile, as the leader has
    [InlineData(20, 13, 0xB, "CompactedBeyondLeader")]
    [InlineData(26, 13, 0xB, "AheadOfLeader CompactedBeyondLeader")]
    public void No_member_is_ahead_of_its_leader(long current, long compacted, uint hash, string faults)
    {
        HashReply[] replies =
        [
            new(2, [], Hash: null, "no answer"),
            new(3, [], new PeerHash(current, hash, compacted, Revision)),
        ];
        var after = new KeyValueHash(0xC, CompactRevision: 12, Revision: 25);
        PeriodicFinding[] found = [.. CorruptionRules.OfCurrent(Self, Own, after, replies)];

        Assert.Equal(faults, string.Join(' ', found.Select(finding => finding.Fault)));
        Assert.All(found, finding => Assert.Equal(3UL, finding.Member));
    }

    [Theory]
    [InlineData(0xB, 10, 20, true)]
    [InlineData(0xA, 10, 20, false)]
    [InlineData(0xB, 11, 20, false)]
    [InlineData(0xB, 10, 21, false)]
    public void A_leader_whose_own_hash_changes_without_a_change_is_wrong(
        uint hash, long compacted, long revision, bool isWrong)
    {
        PeriodicFinding[] found =
            [.. CorruptionRules.OfCurrent(Self, Own, new KeyValueHash(hash, compacted, revision), [])];
        PeriodicFinding[] expected = isWrong ? [new PeriodicFinding(Self, PeriodicFault.OwnHash, default)] : [];
        Assert.Equal(expected, found);
    }

    private static HashReply Reply(ulong member, string hash) => hash switch
    {
        "?" => new HashReply(member, [], Hash: null, "no answer"),
        "!" => new HashReply(member, [], new PeerHash(Revision, 0xF, Compacted - 1, Revision)),
        _ => new HashReply(
            member, [], new PeerHash(Revision, Convert.ToUInt32(hash, fromBase: 16), Compacted, Revision)),
    };
}
