using Kv.Server.Logging;
using Kv.Server.Peers;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Startup;

/// <summary>Keeps a member from serving a cluster whose version is later than its own: what the others write into the
/// log by then it might not understand.</summary>
/// <param name="announced">The version that this member says it is.</param>
internal sealed class VersionGuard(string announced, MemberBook members, ILogger log)
{
    /// <summary>Whether this member has to stop, which is then logged. To be asked at the start and when the cluster's
    /// version has changed; any thread.</summary>
    public bool IsTooOld()
    {
        if (!IsTooOld(announced, members.Version, members.Downgrade))
            return false;
        var cluster = Version.Parse(members.Version);
        Log.RefusedDowngrade(log, announced, cluster.ToString(fieldCount: 2));
        return true;
    }

    /// <summary>etcd's rule: a member may be older than the cluster only if all are about to become what it
    /// is.</summary>
    /// <param name="cluster">Empty if there is none yet.</param>
    /// <param name="downgrade">The version that a downgrade under way leads to, or null.</param>
    public static bool IsTooOld(string announced, string cluster, string? downgrade)
    {
        bool isKnown = PeerVersion.TryParse(announced, out PeerVersion own);
        bool isOlder = isKnown && PeerVersion.TryParse(cluster, out PeerVersion agreed) && own < agreed;
        return isOlder && !(PeerVersion.TryParse(downgrade ?? "", out PeerVersion target) && target == own);
    }
}
