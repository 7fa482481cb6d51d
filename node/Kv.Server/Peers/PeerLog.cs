using Kv.Raft;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Peers;

/// <summary>What is logged of the traffic with peers; texts and fields are etcd's. Nothing here comes once per message,
/// and of a peer that is away only that it went and came back.</summary>
internal static partial class PeerLog
{
    [LoggerMessage(LogLevel.Information, "added remote peer")]
    public static partial void AddedPeer(
        ILogger log, NodeId localMemberId, NodeId remotePeerId, IEnumerable<string> remotePeerUrls);

    [LoggerMessage(LogLevel.Information, "updated remote peer")]
    public static partial void UpdatedPeer(
        ILogger log, NodeId localMemberId, NodeId updatedRemotePeerId, IEnumerable<string> updatedRemotePeerUrls);

    [LoggerMessage(LogLevel.Information, "removed remote peer")]
    public static partial void RemovedPeer(ILogger log, NodeId localMemberId, NodeId removedRemotePeerId);

    [LoggerMessage(LogLevel.Information, "added a remote that is no member known here, to answer it")]
    public static partial void AddedRemote(
        ILogger log, NodeId localMemberId, NodeId remotePeerId, IEnumerable<string> remotePeerUrls);

    [LoggerMessage(LogLevel.Information, "peer became active")]
    public static partial void BecameActive(ILogger log, NodeId peerId);

    [LoggerMessage(LogLevel.Warning, "peer became inactive (message send to peer failed)")]
    public static partial void BecameInactive(ILogger log, NodeId peerId, string error);

    [LoggerMessage(LogLevel.Information, "established TCP streaming connection with remote peer")]
    public static partial void EstablishedStream(ILogger log, string streamReaderType, NodeId remotePeerId);

    [LoggerMessage(LogLevel.Warning, "lost TCP streaming connection with remote peer")]
    public static partial void LostStream(ILogger log, string streamReaderType, NodeId remotePeerId, string error);

    [LoggerMessage(LogLevel.Debug, "failed to dial remote peer")]
    public static partial void FailedToDial(ILogger log, string streamReaderType, NodeId remotePeerId, string error);

    [LoggerMessage(LogLevel.Information, "accepted a stream of a remote peer")]
    public static partial void AcceptedStream(ILogger log, string streamWriterType, NodeId remotePeerId);

    [LoggerMessage(LogLevel.Warning, "closed a stream of a remote peer")]
    public static partial void ClosedStream(ILogger log, string streamWriterType, NodeId remotePeerId, string reason);

    [LoggerMessage(LogLevel.Warning, "rejected stream from remote peer because it was removed")]
    public static partial void RejectedRemovedStream(ILogger log, NodeId localMemberId, NodeId remotePeerIdFrom);

    [LoggerMessage(LogLevel.Warning, "ignored streaming request; ID mismatch")]
    public static partial void RejectedMismatchedStream(
        ILogger log, NodeId localMemberId, NodeId remotePeerIdFrom, string remotePeerIdStreamHandler);

    [LoggerMessage(LogLevel.Warning, "request cluster ID mismatch")]
    public static partial void RejectedCluster(
        ILogger log, NodeId localMemberId, string localMemberClusterId, string remotePeerId, string remoteClusterId);

    [LoggerMessage(LogLevel.Warning, "failed version compatibility check")]
    public static partial void RejectedVersion(
        ILogger log, NodeId localMemberId, string remotePeerId, string remotePeerServerVersion);

    [LoggerMessage(LogLevel.Information, "sending database snapshot")]
    public static partial void SendingSnapshot(ILogger log, ulong snapshotIndex, NodeId remotePeerId, long bytes);

    [LoggerMessage(LogLevel.Information, "sent database snapshot")]
    public static partial void SentSnapshot(
        ILogger log, ulong snapshotIndex, NodeId remotePeerId, long bytes, TimeSpan took);

    [LoggerMessage(LogLevel.Warning, "failed to send database snapshot")]
    public static partial void FailedToSendSnapshot(
        ILogger log, ulong snapshotIndex, NodeId remotePeerId, string error);

    [LoggerMessage(LogLevel.Information, "receiving database snapshot")]
    public static partial void ReceivingSnapshot(
        ILogger log, NodeId localMemberId, NodeId remoteSnapshotSenderId, ulong incomingSnapshotIndex);

    [LoggerMessage(LogLevel.Information, "received and saved database snapshot")]
    public static partial void ReceivedSnapshot(
        ILogger log,
        NodeId localMemberId,
        NodeId remoteSnapshotSenderId,
        ulong incomingSnapshotIndex,
        long bytes,
        TimeSpan took);

    [LoggerMessage(LogLevel.Warning, "failed to save incoming database snapshot")]
    public static partial void FailedToReceiveSnapshot(
        ILogger log, NodeId localMemberId, NodeId remoteSnapshotSenderId, ulong incomingSnapshotIndex, string error);

    [LoggerMessage(LogLevel.Warning, "prober found high clock drift")]
    public static partial void FoundClockDrift(
        ILogger log, NodeId remotePeerId, TimeSpan clockDrift, TimeSpan rtt);

    [LoggerMessage(LogLevel.Warning, "the member has been permanently removed from the cluster")]
    public static partial void FoundRemoved(ILogger log, NodeId localMemberId, NodeId remotePeerId);

    [LoggerMessage(LogLevel.Error, "the traffic with a peer met what it should not have")]
    public static partial void Faulted(ILogger log, string place, Exception fault);
}
