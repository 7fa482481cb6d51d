using System.Globalization;
using System.Text;
using System.Text.Json;

namespace Kv.Store;

/// <summary>Reads the rows that say who is in the cluster, in the buckets of etcd:
/// <code>
/// members          3a61c40baf4c086e    a member: see MemberJson
/// members_removed  3a61c40baf4c086e    removed
/// cluster          clusterVersion      3.5.0
///                  downgrade           {"target-version":"3.5.0","enabled":true}
/// </code>
/// Each throws <see cref="Kv.Storage.CorruptDataException"/> for a row that cannot be such.</summary>
internal static class MemberRows
{
    public static ReadOnlySpan<byte> VersionKey => "clusterVersion"u8;

    public static ReadOnlySpan<byte> DowngradeKey => "downgrade"u8;

    /// <summary>All members, in the order of ids.</summary>
    public static ClusterMember[] ReadMembers(IBucketReader from)
    {
        var members = new List<ClusterMember>();
        from.ForEach(StoreBucket.Members, (key, value) =>
        {
            ClusterMember member = Decode(from, key, value);
            if (ReadId(from, StoreBucket.Members, key) != member.Id)
                throw from.Damage(StoreBucket.Members, key, $"member {member.Id:x} lies under another id");
            members.Add(member);
        });
        return [.. members.OrderBy(member => member.Id)];
    }

    public static HashSet<ulong> ReadRemoved(IBucketReader from)
    {
        var removed = new HashSet<ulong>();
        from.ForEach(StoreBucket.MembersRemoved, (key, _) =>
            removed.Add(ReadId(from, StoreBucket.MembersRemoved, key)));
        return removed;
    }

    /// <summary>Empty if none was set yet.</summary>
    public static string ReadVersion(IBucketReader from)
    {
        if (!from.TryGet(StoreBucket.Cluster, VersionKey, out byte[] stored))
            return "";
        string version = Encoding.UTF8.GetString(stored);
        return IsVersion(version)
            ? version
            : throw from.Damage(StoreBucket.Cluster, VersionKey, $"\"{version}\" is no version");
    }

    /// <summary>The version that a downgrade leads to; null if none is under way.</summary>
    public static string? ReadDowngrade(IBucketReader from)
    {
        if (!from.TryGet(StoreBucket.Cluster, DowngradeKey, out byte[] stored))
            return null;
        try
        {
            (bool isEnabled, string target) = MemberJson.Read(stored, root => (
                MemberJson.TryGet(root, "enabled", out JsonElement enabled) && enabled.GetBoolean(),
                MemberJson.TryGet(root, "target-version", out JsonElement version) ? version.GetString()! : ""));
            if (isEnabled && !IsVersion(target))
                throw from.Damage(StoreBucket.Cluster, DowngradeKey, $"\"{target}\" is no version");
            return isEnabled ? target : null;
        }
        catch (JsonException fault)
        {
            throw from.Damage(StoreBucket.Cluster, DowngradeKey, $"it tells of no downgrade: {fault.Message}");
        }
    }

    public static byte[] KeyOf(ulong id) => Encoding.ASCII.GetBytes(MemberIds.ToText(id));

    /// <summary>Whether a cluster can have agreed on this: three numbers, as <c>3.5.0</c>.</summary>
    public static bool IsVersion(string text) =>
        System.Version.TryParse(text, out Version? version) && version is { Build: >= 0, Revision: < 0 };

    private static ClusterMember Decode(IBucketReader from, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        try
        {
            return MemberJson.Decode(value, out bool _);
        }
        catch (JsonException fault)
        {
            throw from.Damage(StoreBucket.Members, key, $"it holds no member: {fault.Message}");
        }
    }

    private static ulong ReadId(IBucketReader from, StoreBucket bucket, ReadOnlySpan<byte> key)
    {
        _ = ulong.TryParse(key, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong id);
        return key.SequenceEqual(KeyOf(id)) ? id : throw from.Damage(bucket, key, "the key is no id of a member");
    }
}
