using Kv.Server.Peers;

namespace Kv.Server.Startup;

/// <summary>The versions of the cluster and of its files; that of the program is in
/// <see cref="ProductText.ServerVersion"/>.</summary>
internal static class ProductVersion
{
    /// <summary>What a new cluster is set to. The lowest that has all that is written into the log, so that an etcd of
    /// any version from 3.5 on can take over the data: a cluster's version can be raised later by any member, but
    /// lowered only by a downgrade of the whole cluster.</summary>
    public const string InitialCluster = "3.5.0";

    /// <summary>What a cluster may be set to by a member that says it is of this version: its own, or
    /// <see cref="InitialCluster"/> if that is lower.</summary>
    public static Version HighestCluster(string announced)
    {
        var most = Version.Parse(InitialCluster);
        return PeerVersion.TryParse(announced, out PeerVersion own) && own.ToCluster() is var lower && lower < most
            ? lower
            : most;
    }

    /// <summary>The format of a page file that does not say which it is.</summary>
    public const string UnmarkedStorage = "3.5.0";
}
