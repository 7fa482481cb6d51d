using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Kv.Store;

/// <summary>Ids as etcd computes them, so that a member that is given the same flags has the same id.</summary>
public static class MemberIds
{
    /// <summary>The id of a member of a new cluster: from its peer URLs and the cluster's token. One that joins later
    /// has no token but a time, so that it never gets the id of one that was removed.</summary>
    public static ulong OfMember(IEnumerable<string> peerUrls, string token, DateTimeOffset? joined = null)
    {
        string text = string.Concat(peerUrls.Order(StringComparer.Ordinal)) + token;
        if (joined is { } time)
            text += time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        return FirstBytes(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>The id of a cluster: from those of its first members.</summary>
    public static ulong OfCluster(IEnumerable<ulong> memberIds)
    {
        ulong[] ids = [.. memberIds.Order()];
        byte[] text = new byte[ids.Length * sizeof(ulong)];
        for (int index = 0; index < ids.Length; index++)
            BinaryPrimitives.WriteUInt64BigEndian(text.AsSpan(index * sizeof(ulong)), ids[index]);
        return FirstBytes(text);
    }

    /// <summary>As ids are written in paths, buckets and log lines: hexadecimal, no zeros in front.</summary>
    public static string ToText(ulong id) => id.ToString("x", CultureInfo.InvariantCulture);

    // Not for security: the same ids as etcd's is the point.
    private static ulong FirstBytes(byte[] text)
    {
#pragma warning disable CA5350 // SHA-1 is what etcd uses
        return BinaryPrimitives.ReadUInt64BigEndian(SHA1.HashData(text));
#pragma warning restore CA5350
    }
}
