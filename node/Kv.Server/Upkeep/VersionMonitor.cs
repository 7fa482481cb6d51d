using Etcdserverpb;
using Grpc.Core;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Startup;
using Kv.Store;
using Membershippb;

namespace Kv.Server.Upkeep;

/// <summary>On the leader, gives the cluster its version: what the oldest member can do, as etcd's monitor does, but no
/// more than <see cref="ProductVersion.InitialCluster"/>, above which no member could leave again; or what a downgrade
/// leads to.</summary>
internal sealed class VersionMonitor(
    MemberVersions versions, MemberBook members, ReplicaView view, LoggedRequests log, TimeProvider time)
{
    // What a cluster is set to in which some member does not say what it is.
    private static readonly Version Unknown = new(3, 0, 0);
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(4);
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
        bool isSet = Version.TryParse(members.Version, out Version? current);
        if (isSet && members.Downgrade is { } target)
        {
            if (Version.TryParse(target, out Version? lower) && lower < current)
                await SetAsync(lower);
            return;
        }

        Version highest = ProductVersion.HighestCluster(versions.Announced);
        if (isSet && current >= highest)
            return;
        Version decided = await LowestAsync(highest, stop) ?? Unknown;
        if (!isSet || decided > current)
            await SetAsync(decided);
    }

    private async Task SetAsync(Version version)
    {
        try
        {
            await log.ProposeAsync(new InternalRaftRequest
            {
                ClusterVersionSet = new ClusterVersionSetRequest { Ver = version.ToString(fieldCount: 3) },
            });
        }
        catch (RpcException)
        {
            // Leads no more; whoever does decides.
        }
    }

    // Null if some member did not say.
    private async Task<Version?> LowestAsync(Version highest, CancellationToken stop) =>
        await versions.AskAsync(stop) is { } found
            ? found.Select(static version => version.ToCluster()).Append(highest).Min()
            : null;
}
