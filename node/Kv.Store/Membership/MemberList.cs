namespace Kv.Store;

/// <summary>What the buckets "members", "members_removed" and "cluster" say at one moment.</summary>
internal sealed record MemberList(
    ClusterMember[] Members, HashSet<ulong> Removed, string Version, string? Downgrade)
{
    /// <exception cref="Kv.Storage.CorruptDataException">A row of the buckets is damaged.</exception>
    public static MemberList Load(IBucketReader from) => new(
        MemberRows.ReadMembers(from),
        MemberRows.ReadRemoved(from),
        MemberRows.ReadVersion(from),
        MemberRows.ReadDowngrade(from));

    /// <summary>The membership as a <c>.snap</c> file holds it.</summary>
    public byte[] ToV2StoreJson() => V2StoreJson.Encode(Members, Removed, Version);
}
