using Etcdserverpb;
using Grpc.Core;
using Kv.Raft;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Configuration;
using Kv.Store;
using Membershippb;

namespace Kv.Server.Startup;

/// <summary>Tells the cluster, through the log, how this member is called and where its clients find it. Only then does
/// the member serve: what it can log, it can serve. A lone member gives its cluster the version at once; that of
/// several is found out by <see cref="Upkeep.VersionMonitor"/>.</summary>
internal sealed class Publisher(
    LoggedRequests log, ReplicaView view, MemberBook members, ulong memberId, MemberSettings settings)
{
    private static readonly TimeSpan LeaderLook = TimeSpan.FromMilliseconds(2);

    public async Task PublishAsync(CancellationToken stop)
    {
        await UntilLedAsync(stop);
        await UntilLoggedAsync(
            () => new InternalRaftRequest
            {
                ClusterMemberAttrSet = new ClusterMemberAttrSetRequest
                {
                    MemberID = memberId,
                    MemberAttributes = new Attributes
                    {
                        Name = settings.Name,
                        ClientUrls = { settings.AdvertiseClientUrls.Select(url => url.ToString()) },
                    },
                },
            },
            stop);
        if (members.Version.Length > 0 || members.Members.Count > 1)
            return;
        Version highest = ProductVersion.HighestCluster(settings.AnnouncedVersion);
        await UntilLoggedAsync(
            () => new InternalRaftRequest
            {
                ClusterVersionSet = new ClusterVersionSetRequest { Ver = highest.ToString(fieldCount: 3) },
            },
            stop);
    }

    // What is proposed without a leader is lost, and is only missed when its time has run out.
    private async Task UntilLedAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(LeaderLook);
        while (view.Leader == NodeId.None)
            await timer.WaitForNextTickAsync(stop);
    }

    private async Task UntilLoggedAsync(Func<InternalRaftRequest> make, CancellationToken stop)
    {
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            try
            {
                await log.ProposeAsync(make());
                return;
            }
            catch (RpcException)
            {
                // No leader yet, and the proposal's time ran out.
            }
        }
    }
}
