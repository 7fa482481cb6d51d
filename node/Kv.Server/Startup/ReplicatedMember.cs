using Kv.Raft;
using Kv.Replication;
using Kv.Server.Configuration;
using Kv.Server.Observers;
using Kv.Server.Tracing;
using Kv.Store;

namespace Kv.Server.Startup;

/// <summary>A member whose log goes on: Raft, its loop, the log lane and the apply lane, wired together.</summary>
internal sealed class ReplicatedMember : IDisposable
{
    private static readonly TimeSpan ReadRetry = TimeSpan.FromMilliseconds(500);

    private readonly ReplicaLoop _loop;
    private readonly LogLane _logLane;
    private readonly MemberLanes _lanes;

    public ReplicatedMember(
        OpenedMember member,
        Inbox inbox,
        INetwork network,
        SnapshotFiles snapshots,
        NodeConfiguration configuration,
        Action onRemoved,
        Action<string, Exception> onFault,
        Observation observation)
    {
        _lanes = member.Lanes;
        TimingSettings timing = configuration.Timing;
        Inbox = inbox;
        _logLane = new LogLane(new TurnWriter(member.Log.Writer, snapshots), Inbox, onFault, new AppendSpans());
        var checkpoints = new Checkpoints(
            snapshots,
            member.Store,
            _logLane,
            Inbox,
            ToCheckpoints(configuration.Storage),
            new CheckpointObserver(observation, member.MemberId, configuration.Storage.SnapshotEntries));
        checkpoints.StartFrom(member.Log.Contents.From.Index);
        var raft = new RaftNode(ToRaft(member.MemberId, timing), member.Log.State);
        var applier = new EntryApplier(
            member.Lanes.Apply,
            Inbox,
            member.Store,
            new Applier(member.Store, member.ClusterId, member.MemberId),
            member.Log.State.Conf,
            checkpoints,
            snapshots,
            new ApplyObserver(observation.Metrics, member.Store, timing.SlowApply, observation.Log));
        var ids = new RequestIds(member.MemberId, TimeProvider.System.GetUtcNow());
        var timed = new HeartbeatTimes(
            network, timing.Heartbeat, observation.Metrics.Server.Role, TimeProvider.System, observation.Log);
        var replica = new Replica(raft, timed, _logLane, applier, ids, ToReplica(configuration))
        {
            Removed = onRemoved,
        };
        View = replica.View;
        _loop = new ReplicaLoop(replica, Inbox, TimeProvider.System, timing.Heartbeat, onFault);
    }

    public Inbox Inbox { get; }

    public ReplicaView View { get; }

    public void Start() => _loop.Start();

    /// <summary>Ends the lanes in the order in which they feed each other; what was logged stays logged.</summary>
    public void Dispose()
    {
        _loop.Dispose();
        _logLane.Dispose();
        _lanes.Dispose();
    }

    private static RaftOptions ToRaft(ulong memberId, TimingSettings timing) => new()
    {
        Id = new NodeId(memberId),
        Random = new Random(),
        ElectionTicks = timing.ElectionTicks,
        PreVote = timing.HasPreVote,
    };

    private static ReplicaOptions ToReplica(NodeConfiguration configuration) => new(
        configuration.Timing.Heartbeat,
        RequestTicksMax: (int)(configuration.Timing.RequestTimeout / configuration.Timing.Heartbeat),
        ReadRetryTicks: Math.Max(1, (int)(ReadRetry / configuration.Timing.Heartbeat)),
        CatchUpEntries: (ulong)configuration.Storage.CatchUpEntries)
    {
        ElectionTicks = configuration.Timing.ElectionTicks,
    };

    private static CheckpointOptions ToCheckpoints(StorageSettings storage) => new(
        (ulong)storage.SnapshotEntries, storage.LogFilesMax ?? 0, storage.SnapshotFilesMax ?? 0);
}
