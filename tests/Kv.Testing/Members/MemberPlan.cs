using Kv.Raft;
using Kv.Replication;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Storage.Pages;
using Kv.Store;

namespace Kv.Testing.Members;

/// <summary>How a member is put together, and with what in the place of threads and sockets.</summary>
/// <param name="Id">Of a member that is new; one that was started before knows its own.</param>
/// <param name="Founders">Whom the cluster begins with; none if the member joins one that is there.</param>
public sealed record MemberPlan(ulong Id, IReadOnlyList<ClusterMember> Founders)
{
    public const ulong ClusterId = 7;

    public MemberFiles Files { get; init; } = new("/m.etcd");

    public INetwork Network { get; init; } = new NoNetwork();

    public required MemberLanes Lanes { get; init; }

    public LogOptions Log { get; init; } = new(SegmentBytes: 64 * 1024);

    public PageFileOptions Pages { get; init; } = new() { GrowBytes = 1 << 16, ReservedBytes = 1 << 26 };

    public CheckpointOptions Checkpoints { get; init; } = new(EntriesMax: 20, SegmentsMax: 2, SnapFilesMax: 2);

    public ReplicaOptions Replica { get; init; } = new(
        TimeSpan.FromMilliseconds(100), RequestTicksMax: 70, ReadRetryTicks: 5, CatchUpEntries: 5);

    /// <summary>The limits of Raft; its id and its chance are the member's.</summary>
    public RaftOptions Raft { get; init; } = new() { Id = NodeId.None, Random = new Random(1) };

    /// <summary>Draws election timeouts.</summary>
    public Random Random { get; init; } = new(1);

    /// <summary>The clock on the wall. No two lives of a member may begin in the same millisecond, since the numbers
    /// of their requests come from it.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>A founder or a joiner, as the cluster knows it.</summary>
    public static ClusterMember Member(ulong id) =>
        new(id, [$"http://127.0.0.{id}:2380"], IsLearner: false, $"m{id}", ClientUrls: []);
}

/// <summary>Where a member's work is done.</summary>
/// <param name="Log">Makes the lane that owns the write-ahead log.</param>
public sealed record MemberLanes(
    ILane Apply, ILane Commit, ILane Compaction, ILane Watch, Func<TurnWriter, Inbox, ILog> Log);
