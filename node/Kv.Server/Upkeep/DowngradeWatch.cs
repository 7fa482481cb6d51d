using Etcdserverpb;
using Grpc.Core;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Logging;
using Kv.Server.Peers;
using Kv.Store;
using Membershippb;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Upkeep;

/// <summary>On the leader, ends a downgrade once all members are of the version that it leads to, as etcd's monitor
/// does.</summary>
/// <param name="interval">Between two looks; null if nobody is to look.</param>
internal sealed class DowngradeWatch(
    MemberVersions versions,
    MemberBook members,
    ReplicaView view,
    LoggedRequests requests,
    TimeSpan? interval,
    TimeProvider time,
    ILogger log)
{
    /// <summary>Returns when the node stops.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        if (interval is not { } pause)
            return;
        using var timer = new PeriodicTimer(pause, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                if (view.IsLeader && members.Downgrade is { } target && await IsReachedAsync(target, stop))
                    await EndAsync(target);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    private async Task<bool> IsReachedAsync(string target, CancellationToken stop) =>
        members.Version == target
        && PeerVersion.TryParse(target, out PeerVersion wanted)
        && await versions.AskAsync(stop) is { } found
        && found.All(version => version == wanted);

    private async Task EndAsync(string target)
    {
        try
        {
            await requests.ProposeAsync(
                new InternalRaftRequest { DowngradeInfoSet = new DowngradeInfoSetRequest { Enabled = false } });
            Log.Downgraded(log, target);
        }
        catch (RpcException)
        {
            // Leads no more; whoever does will see it too.
        }
    }
}
