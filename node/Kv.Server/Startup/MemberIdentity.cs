using Kv.Raft;
using Kv.Replication;
using Kv.Server.Configuration;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Store;

namespace Kv.Server.Startup;

/// <summary>Who a member is: for a new one, computed from its flags as etcd does; for one that was started before,
/// written at the head of its log.</summary>
internal static class MemberIdentity
{
    /// <summary>Begins the log of a new member of a new cluster.</summary>
    public static LogSummary CreateLog(
        IDisk disk, MemberFiles files, BootstrapSettings bootstrap, string name, LogOptions options)
    {
        ClusterMember[] members = ToMembers(bootstrap.Members, bootstrap.Token);
        ConfChange[] changes = [.. members.Select(ToChange)];
        ulong cluster = MemberIds.OfCluster(members.Select(member => member.Id));
        ulong self = members.First(member => member.Name == name).Id;
        return MemberLog.Create(disk, files, new LogMetadata(self, cluster), changes, options);
    }

    /// <summary>The members of a new cluster, in the order of their ids.</summary>
    public static ClusterMember[] ToMembers(IEnumerable<InitialMember> members, string token) =>
        [.. members.Select(member => ToMember(member, token)).OrderBy(member => member.Id)];

    /// <summary>What the log of a new cluster begins with for each of them.</summary>
    public static ConfChange ToChange(ClusterMember member) =>
        new(Id: 0, ConfChangeType.AddNode, new NodeId(member.Id), MemberJson.Encode(member));

    private static ClusterMember ToMember(InitialMember member, string token)
    {
        string[] urls = [.. member.PeerUrls.Select(url => url.ToString())];
        return new ClusterMember(MemberIds.OfMember(urls, token), urls, IsLearner: false, member.Name, ClientUrls: []);
    }
}
