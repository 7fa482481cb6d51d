using System.Globalization;
using Kv.Raft;
using Microsoft.AspNetCore.Http;

namespace Kv.Server.Peers;

/// <summary>The headers by which members make sure that they mean each other.</summary>
internal static class PeerHeaders
{
    public const string ClusterId = "X-Etcd-Cluster-Id";
    public const string From = "X-Server-From";
    public const string To = "X-Raft-To";
    public const string Version = "X-Server-Version";
    public const string MinClusterVersion = "X-Min-Cluster-Version";
    public const string PeerUrls = "X-Peerurls";

    /// <summary>The oldest cluster that this version can be part of.</summary>
    public const string OldestCluster = "3.0.0";

    public const string IncompatibleVersion = "incompatible version";
    public const string ClusterMismatch = "cluster ID mismatch";

    public static bool TryParseId(string text, out NodeId id)
    {
        bool isId = ulong.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ulong value);
        id = new NodeId(value);
        return isId;
    }

    public static string ToText(ulong id) => id.ToString("x", CultureInfo.InvariantCulture);

    /// <summary>Whether who sent these may speak with a member of this cluster and version.</summary>
    public static PeerFit Check(IHeaderDictionary headers, ulong clusterId, PeerVersion own)
    {
        if (!TryReadVersion(headers, Version, out PeerVersion remote)
            || !TryReadVersion(headers, MinClusterVersion, out PeerVersion oldest))
        {
            return PeerFit.Senseless;
        }

        if (remote < PeerVersion.Oldest || oldest > own)
            return PeerFit.WrongVersion;
        return headers[ClusterId].ToString() == ToText(clusterId) ? PeerFit.Fits : PeerFit.WrongCluster;
    }

    private static bool TryReadVersion(IHeaderDictionary headers, string name, out PeerVersion version)
    {
        string text = headers[name].ToString();
        version = PeerVersion.Unspoken;
        return text.Length == 0 || PeerVersion.TryParse(text, out version);
    }
}

/// <summary>What the headers of a request tell of its sender.</summary>
internal enum PeerFit
{
    Fits,

    /// <summary>One of us is too old for the other.</summary>
    WrongVersion,

    WrongCluster,

    /// <summary>A version that is none. etcd drops the connection.</summary>
    Senseless,
}
