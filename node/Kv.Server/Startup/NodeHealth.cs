using Etcdserverpb;
using Grpc.Core;
using Kv.Raft;
using Kv.Replication;
using Kv.Server.Http;
using Kv.Store;

namespace Kv.Server.Startup;

/// <summary>What the HTTP endpoints want to know, from the parts that know it.</summary>
internal sealed class NodeHealth(ulong memberId, StoreParts store, ReplicaView view,
    NodeServices services) : INodeHealth
{
    // Any key will do: what matters is that it can be looked for.
    private static readonly byte[] ProbeKey = "health"u8.ToArray();

    public bool HasLeader => view.Leader != NodeId.None;

    public bool IsLearner => store.Members.Find(memberId) is { IsLearner: true };

    public IReadOnlyList<string> Alarms =>
        [.. store.Alarms.Raised(AlarmType.None).Select(alarm => alarm.Alarm.ToString().ToUpperInvariant())];

    public NodeVersions Versions => new(
        ProductText.ServerVersion,
        store.Members.Version.Length > 0 ? store.Members.Version : "not_decided",
        services.Upkeep.StorageVersion.Length > 0 ? services.Upkeep.StorageVersion : ProductVersion.UnmarkedStorage);

    public RaftSummary Raft => new(
        memberId,
        view.Term,
        Vote: view.Leader.Value,
        view.Committed,
        view.Leader.Value,
        view.IsLeader ? "StateLeader" : "StateFollower",
        view.Applied);

    public async ValueTask<string?> TryReadAsync(bool isLinearizable, CancellationToken cancelled)
    {
        try
        {
            if (isLinearizable)
                await services.Reads.ConfirmAsync();
            store.Kv.TryGetAt(ProbeKey, store.Kv.CurrentRevision, out _);
            return null;
        }
        catch (RpcException refused)
        {
            return refused.Status.Detail;
        }
    }
}
