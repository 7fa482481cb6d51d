namespace Kv.Operator.Planning;

/// <summary>What the operator has written down about a cluster (its status): the few decisions that cannot be derived
/// from the world again. Every one is written before what it decides is done.</summary>
public sealed record ClusterRecord
{
    /// <summary>Id of the cluster once it has formed; 0 before. It, and not the absence of pods, decides whether a
    /// cluster may be formed; only a recovery from a snapshot clears it.</summary>
    public ulong ClusterId { get; init; }

    /// <summary>Serial of the next member to be named.</summary>
    public int NextSerial { get; init; }

    public IReadOnlyList<MemberRecord> Members { get; init; } = [];

    /// <summary>When history was last given up because a store was full.</summary>
    public DateTimeOffset? CompactedAt { get; init; }

    /// <summary>Since when fewer voters than a quorum are known to serve.</summary>
    public DateTimeOffset? QuorumLostSince { get; init; }

    /// <summary>The recovery under way; null if there is none.</summary>
    public RecoveryRecord? Recovery { get; init; }

    public PastRecovery? LastRecovery { get; init; }
    /// <summary>When the cluster that was adopted had no members left that are not ours.</summary>
    public DateTimeOffset? AdoptedAt { get; init; }

    /// <summary>The members when one was last restarted for the sake of a template, behind that template; empty if
    /// none was, or if we have changed the members ourselves since.</summary>
    public string MembersBeforeRoll { get; init; } = "";

    /// <summary>The snapshot before the upgrade under way; null if there is no upgrade, or nothing was done for it
    /// yet.</summary>
    public UpgradeSnapshot? UpgradeSnapshot { get; init; }

    public MemberRecord? Find(string name) => Members.FirstOrDefault(member => member.Name == name);

    /// <summary>The same, with this member changed or, if it is new, at the end.</summary>
    public ClusterRecord With(MemberRecord changed) => this with
    {
        Members = Find(changed.Name) is null
            ? [.. Members, changed]
            : [.. Members.Select(member => member.Name == changed.Name ? changed : member)],
    };

    /// <summary>The same, before we change the members ourselves.</summary>
    public ClusterRecord ExpectingChange() => this with { MembersBeforeRoll = "" };

    public ClusterRecord Change(string name, Func<MemberRecord, MemberRecord> change) =>
        Find(name) is { } member ? With(change(member)) : this;

    public ClusterRecord Without(string name) =>
        this with { Members = [.. Members.Where(member => member.Name != name)] };
}
