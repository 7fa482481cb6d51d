using Etcdserverpb;
using Google.Protobuf;
using Kv.Server.Peers;
using Kv.Store;
using Membershippb;

namespace Kv.Server.Calls;

/// <summary>Downgrades of the cluster, as clients ask for them. From then on members one minor version older than the
/// cluster may take the places of those that there are; the leader lowers the cluster's version, and ends the
/// downgrade once all members are as old (<see cref="Upkeep.DowngradeWatch"/>). All of it goes through the
/// log.</summary>
internal sealed class Downgrades(MemberBook members, LoggedRequests log, LinearizableReads reads)
{
    /// <summary>Says whether a downgrade could begin now, by etcd's status if not; returns the cluster's version, major
    /// and minor.</summary>
    public async Task<string> ValidateAsync(string version)
    {
        await CheckAsync(version);
        return Short(members.Version);
    }

    /// <summary>Begins one.</summary>
    public async Task<string> EnableAsync(string version, Caller caller)
    {
        PeerVersion target = await CheckAsync(version);
        string before = Short(members.Version);
        await SetAsync(
            new DowngradeInfoSetRequest { Enabled = true, Ver = target.ToCluster().ToString(fieldCount: 3) }, caller);
        return before;
    }

    /// <summary>Ends the one that is under way; nothing happens if none is (etcd 3.5 refuses that). Members that are
    /// older already stay, and so the cluster's version.</summary>
    public async Task<string> CancelAsync(Caller caller)
    {
        await reads.ConfirmAsync();
        if (members.Downgrade is not null)
            await SetAsync(new DowngradeInfoSetRequest(), caller);
        return Short(members.Version);
    }

    // "3.6", or "3.6.4", of which the last number does not matter.
    private static bool TryParse(string text, out PeerVersion version) =>
        PeerVersion.TryParse(text, out version) || PeerVersion.TryParse(text + ".0", out version);

    private static string Short(string version) => version[..Math.Max(0, version.LastIndexOf('.'))];

    private async Task<PeerVersion> CheckAsync(string version)
    {
        if (!TryParse(version, out PeerVersion target))
            throw Refusal.ToException(KvError.WrongDowngradeVersionFormat);
        if (!PeerVersion.TryParse(members.Version, out _))
            throw Refusal.ToException(KvError.ClusterVersionUnavailable);
        await reads.ConfirmAsync();
        bool isKnown = PeerVersion.TryParse(members.Version, out PeerVersion cluster);
        if (!isKnown || target != cluster with { Minor = cluster.Minor - 1 })
            throw Refusal.ToException(KvError.InvalidDowngradeTargetVersion);
        if (members.Downgrade is not null)
            throw Refusal.ToException(KvError.DowngradeInProcess);
        return target;
    }

    private Task<IMessage?> SetAsync(DowngradeInfoSetRequest request, Caller caller) =>
        log.ProposeAsync(new InternalRaftRequest { DowngradeInfoSet = request }, caller);
}
