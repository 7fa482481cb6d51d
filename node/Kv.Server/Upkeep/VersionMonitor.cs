using Etcdserverpb;
using Grpc.Core;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Http;
using Kv.Server.Peers;
using Kv.Server.Startup;
using Kv.Store;
using Membershippb;

namespace Kv.Server.Upkeep;

/// <summary>On the leader, gives the cluster its version: what the oldest member can do, as etcd's monitor does, but no
/// more than <see cref="ProductVersion.InitialCluster"/>, above which no member could leave again.</summary>
internal sealed class VersionMonitor(
    ulong self, MemberBook members, ReplicaView view, LoggedRequests log, PeerClient peers, TimeProvider time)
{
    // What a cluster is set to in which some member does not say what it is.
    private static readonly Version Unknown = new(3, 0, 0);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(4);
    private static readonly TimeSpan AskPatience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstLook = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when the node stops.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        try
        {
            while (true)
            {
                if (view.IsLeader)
                    await DecideAsync(stop);
                await Task.Delay(members.Version.Length == 0 ? FirstLook : Interval, time, stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task DecideAsync(CancellationToken stop)
    {
        var highest = Version.Parse(ProductVersion.InitialCluster);
        bool isSet = Version.TryParse(members.Version, out Version? current);
        if (isSet && current >= highest)
            return;
        Version decided = await LowestAsync(highest, stop) ?? Unknown;
        if (isSet && decided <= current)
            return;
        try
        {
            await log.ProposeAsync(new InternalRaftRequest
            {
                ClusterVersionSet = new ClusterVersionSetRequest { Ver = decided.ToString(fieldCount: 3) },
            });
        }
        catch (RpcException)
        {
            // Leads no more; whoever does decides.
        }
    }

    // Null if some member did not say.
    private async Task<Version?> LowestAsync(Version highest, CancellationToken stop)
    {
        Version lowest = highest;
        foreach (ClusterMember member in members.Members.Where(member => member.Id != self))
        {
            if (await AskAsync(member, stop) is not { } version)
                return null;
            if (version < lowest)
                lowest = version;
        }

        return lowest;
    }

    private async Task<Version?> AskAsync(ClusterMember member, CancellationToken stop)
    {
        foreach (string text in member.PeerUrls)
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(AskPatience);
            try
            {
                if (Uri.TryCreate(text, UriKind.Absolute, out Uri? url)
                    && await peers.GetVersionsAsync(url, limit.Token) is NodeVersions versions
                    && PeerVersion.TryParse(versions.Server, out PeerVersion version))
                {
                    return new Version(version.Major, version.Minor, 0);
                }
            }
            catch (Exception fault)
                when (fault is HttpRequestException
                    || (fault is OperationCanceledException && !stop.IsCancellationRequested))
            {
                // Not up, or not reachable: the next time.
            }
        }

        return null;
    }
}
