using Etcdserverpb;
using Grpc.Core;
using Kv.Raft;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Http;
using Kv.Server.Upkeep;
using Kv.Store;

namespace Kv.Server.Startup;

/// <summary>What the HTTP endpoints want to know, from the parts that know it.</summary>
internal sealed class NodeHealth(
    ulong memberId, string version, StoreParts store, ReplicaView view, LinearizableReads reads, StoreUpkeep upkeep)
    : INodeHealth
{
    /// <summary>The version of a cluster that has none yet.</summary>
    public const string Undecided = "not_decided";

    // Any key will do: what matters is that it can be looked for.
    private static readonly byte[] ProbeKey = "health"u8.ToArray();

    public bool HasLeader => view.Leader != NodeId.None;

    public bool IsLearner => store.Members.Find(memberId) is { IsLearner: true };

    public IReadOnlyList<string> Alarms =>
        [.. store.Alarms.Raised(AlarmType.None).Select(alarm => alarm.Alarm.ToString().ToUpperInvariant())];

    public NodeVersions Versions => new(
        version,
        store.Members.Version.Length > 0 ? store.Members.Version : Undecided,
        upkeep.StorageVersion.Length > 0 ? upkeep.StorageVersion : ProductVersion.UnmarkedStorage);

    public RaftSummary Raft
    {
        get
        {
            TermView now = view.Now;
            ulong leader = now.Leader.Value;
            string role = now.IsLeader ? "StateLeader" : "StateFollower";
            return new RaftSummary(memberId, now.Term, Vote: leader, view.Committed, leader, role, view.Applied);
        }
    }

    public async ValueTask<string?> TryReadAsync(bool isLinearizable, CancellationToken cancelled)
    {
        try
        {
            if (isLinearizable)
                await reads.ConfirmAsync();
            store.Kv.TryGetAt(ProbeKey, store.Kv.CurrentRevision, out _);
            return null;
        }
        catch (RpcException refused)
        {
            return refused.Status.Detail;
        }
    }
}
