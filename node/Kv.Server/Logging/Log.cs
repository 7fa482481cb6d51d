using Kv.Raft;
using Kv.Server.Configuration;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Logging;

/// <summary>Every line that the server writes by itself. Texts and field names are etcd's where it writes such a line,
/// since people search for them; what changes from case to case stands in fields, never in the text. Keys, values,
/// tokens and passwords do not appear here.</summary>
internal static partial class Log
{
    [LoggerMessage(LogLevel.Information, "Running: ")]
    public static partial void Running(ILogger log, IEnumerable<string> args);

    [LoggerMessage(LogLevel.Information, "starting an etcd server")]
    public static partial void StartingServer(
        ILogger log,
        string etcdVersion,
        string runtime,
        string name,
        string dataDir,
        string walDir);

    [LoggerMessage(LogLevel.Information, "starting local member")]
    public static partial void StartingMember(ILogger log, string localMemberId, string clusterId);

    [LoggerMessage(LogLevel.Warning, "forced restart as a cluster of its own: the other members are removed")]
    public static partial void ForcedAlone(ILogger log, string localMemberId, string clusterId, ulong commitIndex);

    [LoggerMessage(LogLevel.Critical,
        "invalid downgrade; server version is lower than determined cluster version")]
    public static partial void RefusedDowngrade(
        ILogger log, string currentServerVersion, string determinedClusterVersion);

    [LoggerMessage(LogLevel.Information, "The server is ready to downgrade")]
    public static partial void ReadyToDowngrade(ILogger log, string clusterVersion);

    [LoggerMessage(LogLevel.Information, "the cluster has been downgraded")]
    public static partial void Downgraded(ILogger log, string clusterVersion);

    [LoggerMessage(LogLevel.Warning, "server error: the member has been permanently removed from the cluster")]
    public static partial void RemovedMember(ILogger log);

    [LoggerMessage(LogLevel.Warning, "data-dir used by this member must be removed")]
    public static partial void DataMustGo(ILogger log);

    [LoggerMessage(LogLevel.Information, "opened backend db")]
    public static partial void OpenedBackend(ILogger log, string path, TimeSpan took);

    [LoggerMessage(LogLevel.Information, "kvstore restored")]
    public static partial void RestoredStore(ILogger log, long currentRev, TimeSpan took);

    [LoggerMessage(LogLevel.Information, "restore consistentIndex")]
    public static partial void RestoredIndex(ILogger log, ulong index);

    [LoggerMessage(LogLevel.Warning, "repaired the end of the write-ahead log")]
    public static partial void RepairedLog(ILogger log, string path, long keptBytes);

    [LoggerMessage(LogLevel.Information, "enabled backend quota")]
    public static partial void EnabledQuota(ILogger log, string quotaName, long quotaSizeBytes, string quotaSize);

    [LoggerMessage(LogLevel.Information, "disabled backend quota")]
    public static partial void DisabledQuota(ILogger log, string quotaName);

    [LoggerMessage(LogLevel.Information, "elected leader")]
    public static partial void ElectedLeader(ILogger log, string localMemberId, string leader, ulong term);

    [LoggerMessage(LogLevel.Warning, "lost leader")]
    public static partial void LostLeader(ILogger log, string localMemberId, ulong term);

    [LoggerMessage(LogLevel.Information, "set initial cluster version")]
    public static partial void SetInitialClusterVersion(ILogger log, string clusterVersion);

    [LoggerMessage(LogLevel.Information, "cluster version is updated")]
    public static partial void UpdatedClusterVersion(ILogger log, string clusterVersion);

    [LoggerMessage(LogLevel.Information, "published local member to cluster through raft")]
    public static partial void PublishedMember(
        ILogger log, string localMemberId, string clusterId, IEnumerable<NodeUrl> clientUrls, TimeSpan publishTimeout);

    [LoggerMessage(LogLevel.Information, "ready to serve client requests")]
    public static partial void ReadyToServe(ILogger log);

    [LoggerMessage(LogLevel.Information, "serving client traffic insecurely; this is strongly discouraged!")]
    public static partial void ServingInsecurely(ILogger log, string traffic, string address);

    [LoggerMessage(LogLevel.Information, "serving client traffic securely")]
    public static partial void ServingSecurely(ILogger log, string traffic, string address);

    [LoggerMessage(LogLevel.Information, "serving metrics")]
    public static partial void ServingMetrics(ILogger log, string address);

    [LoggerMessage(LogLevel.Information, "received signal; shutting down")]
    public static partial void ReceivedSignal(ILogger log, string signal);

    [LoggerMessage(LogLevel.Information, "closing etcd server")]
    public static partial void Closing(
        ILogger log,
        string name,
        string dataDir,
        IEnumerable<NodeUrl> advertisePeerUrls,
        IEnumerable<NodeUrl> advertiseClientUrls);

    [LoggerMessage(LogLevel.Information, "closed etcd server")]
    public static partial void Closed(
        ILogger log,
        string name,
        string dataDir,
        IEnumerable<NodeUrl> advertisePeerUrls,
        IEnumerable<NodeUrl> advertiseClientUrls);

    [LoggerMessage(LogLevel.Critical, "stopping: the node cannot go on")]
    public static partial void Failed(ILogger log, Exception fault);

    [LoggerMessage(LogLevel.Critical, "failed to start etcd")]
    public static partial void FailedToStart(ILogger log, Exception fault);

    [LoggerMessage(LogLevel.Information, "triggering snapshot")]
    public static partial void TriggeringSnapshot(
        ILogger log,
        string localMemberId,
        ulong localMemberAppliedIndex,
        ulong localMemberSnapshotIndex,
        long localMemberSnapshotCount);

    [LoggerMessage(LogLevel.Information, "saved snapshot to disk")]
    public static partial void SavedSnapshot(ILogger log, ulong snapshotIndex);

    [LoggerMessage(LogLevel.Information, "purged file")]
    public static partial void PurgedFiles(ILogger log, string directory, int count);

    [LoggerMessage(LogLevel.Information, "starting auto periodic compaction")]
    public static partial void StartingPeriodicCompaction(ILogger log, long revision, TimeSpan compactPeriod);

    [LoggerMessage(LogLevel.Information, "completed auto periodic compaction")]
    public static partial void CompletedPeriodicCompaction(
        ILogger log, long revision, TimeSpan compactPeriod, TimeSpan took);

    [LoggerMessage(LogLevel.Information, "starting auto revision compaction")]
    public static partial void StartingRevisionCompaction(ILogger log, long revision, long revisionCompactionRetention);

    [LoggerMessage(LogLevel.Information, "completed auto revision compaction")]
    public static partial void CompletedRevisionCompaction(
        ILogger log, long revision, long revisionCompactionRetention, TimeSpan took);

    [LoggerMessage(LogLevel.Warning, "failed auto compaction")]
    public static partial void FailedAutoCompaction(ILogger log, long revision, string reason);

    [LoggerMessage(LogLevel.Information, "finished scheduled compaction")]
    public static partial void FinishedCompaction(
        ILogger log,
        long compactRevision,
        TimeSpan took,
        uint hash,
        long currentDbSizeBytes,
        string currentDbSize,
        long currentDbSizeInUseBytes,
        string currentDbSizeInUse);

    [LoggerMessage(LogLevel.Information, "starting defragment")]
    public static partial void StartingDefragment(ILogger log);

    [LoggerMessage(LogLevel.Information, "finished defragment")]
    public static partial void FinishedDefragment(
        ILogger log,
        long currentDbSizeBytes,
        long currentDbSizeBytesDiff,
        long currentDbSizeInUseBytes,
        TimeSpan took);

    [LoggerMessage(LogLevel.Information, "sending database snapshot to client")]
    public static partial void SendingSnapshot(ILogger log, long totalBytes, string size);

    [LoggerMessage(LogLevel.Information, "successfully sent database snapshot to client")]
    public static partial void SentSnapshot(ILogger log, long totalBytes, string size, TimeSpan took);

    [LoggerMessage(LogLevel.Warning, "alarm raised")]
    public static partial void RaisedAlarm(ILogger log, string alarm, string from);

    [LoggerMessage(LogLevel.Information, "alarm disarmed")]
    public static partial void DisarmedAlarm(ILogger log, string alarm, string from);

    [LoggerMessage(LogLevel.Warning, "slow fdatasync")]
    public static partial void SlowSync(ILogger log, TimeSpan took, TimeSpan expectedDuration);

    [LoggerMessage(LogLevel.Warning,
        "timed out waiting for read index response (local node might have slow network)")]
    public static partial void TimedOutReadIndex(ILogger log, TimeSpan timeout);

    [LoggerMessage(LogLevel.Warning,
        "leader failed to send out heartbeat on time; took too long, leader is overloaded likely from slow disk")]
    public static partial void LateHeartbeat(
        ILogger log, NodeId to, TimeSpan heartbeatInterval, TimeSpan expectedDuration, TimeSpan exceededDuration);

    [LoggerMessage(LogLevel.Warning, "failed to revoke lease")]
    public static partial void FailedToRevokeLease(ILogger log, string leaseId, string error);

    [LoggerMessage(LogLevel.Error, "a method threw what it should not have")]
    public static partial void MethodFaulted(ILogger log, string method, Exception fault);

    [LoggerMessage(LogLevel.Information, "exporting telemetry")]
    public static partial void ExportingTelemetry(ILogger log, string traces, string metrics);

    [LoggerMessage(LogLevel.Warning, "telemetry was lost: the collector does not take it, or not fast enough")]
    public static partial void LostTelemetry(ILogger log, string what, long count);

    [LoggerMessage(LogLevel.Warning, "Health request error")]
    public static partial void HealthFailed(ILogger log, string path, int statusCode, string reason);
}
