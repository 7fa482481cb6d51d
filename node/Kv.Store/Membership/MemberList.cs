using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Kv.Store;

/// <summary>What the buckets "members", "members_removed" and "cluster" say at one moment.</summary>
internal sealed record MemberList(
    ClusterMember[] Members, HashSet<ulong> Removed, string Version, string? Downgrade)
{
    public static readonly byte[] VersionKey = "clusterVersion"u8.ToArray();
    public static readonly byte[] DowngradeKey = "downgrade"u8.ToArray();

    public static MemberList Load(IBucketReader reader)
    {
        var members = new List<ClusterMember>();
        reader.ForEach(StoreBucket.Members, (_, value) => members.Add(MemberJson.Decode(value, out bool _)));
        var removed = new HashSet<ulong>();
        reader.ForEach(StoreBucket.MembersRemoved, (key, _) => removed.Add(
            ulong.Parse(Encoding.ASCII.GetString(key), NumberStyles.HexNumber, CultureInfo.InvariantCulture)));
        bool hasVersion = reader.TryGet(StoreBucket.Cluster, VersionKey, out byte[] version);
        bool hasDowngrade = reader.TryGet(StoreBucket.Cluster, DowngradeKey, out byte[] downgrade);
        return new MemberList(
            [.. members.OrderBy(member => member.Id)],
            removed,
            hasVersion ? Encoding.ASCII.GetString(version) : "",
            hasDowngrade ? ReadDowngrade(downgrade) : null);
    }

    /// <summary>The membership as a <c>.snap</c> file holds it.</summary>
    public byte[] ToV2StoreJson() => V2StoreJson.Encode(Members, Removed, Version);

    private static string? ReadDowngrade(byte[] json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.GetProperty("enabled").GetBoolean()
            ? document.RootElement.GetProperty("target-version").GetString()
            : null;
    }
}
