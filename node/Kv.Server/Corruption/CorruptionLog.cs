using Microsoft.Extensions.Logging;

namespace Kv.Server.Corruption;

/// <summary>What is logged of comparing members; texts and fields are etcd's.</summary>
internal static partial class CorruptionLog
{
    [LoggerMessage(LogLevel.Information, "starting initial corruption check")]
    public static partial void StartingInitialCheck(ILogger log, string localMemberId, TimeSpan timeout);

    [LoggerMessage(LogLevel.Information, "initial corruption checking passed; no corruption")]
    public static partial void PassedInitialCheck(ILogger log, string localMemberId);

    [LoggerMessage(LogLevel.Error, "checkInitialHashKV failed")]
    public static partial void FailedInitialCheck(ILogger log, string error);

    [LoggerMessage(LogLevel.Warning, "found different hash values from remote peer")]
    public static partial void OtherHash(
        ILogger log,
        string localMemberId,
        long localMemberRevision,
        long localMemberCompactRevision,
        uint localMemberHash,
        string remotePeerId,
        IEnumerable<string> remotePeerEndpoints,
        uint remotePeerHash);

    [LoggerMessage(LogLevel.Warning, "found different compact revision values from remote peer")]
    public static partial void OtherCompaction(
        ILogger log,
        string localMemberId,
        long localMemberRevision,
        long localMemberCompactRevision,
        string remotePeerId,
        IEnumerable<string> remotePeerEndpoints,
        long remotePeerCompactRevision);

    [LoggerMessage(LogLevel.Warning, "cannot fetch hash from slow remote peer")]
    public static partial void SlowPeer(
        ILogger log,
        string localMemberId,
        long localMemberRevision,
        long localMemberCompactRevision,
        uint localMemberHash,
        string remotePeerId,
        IEnumerable<string> remotePeerEndpoints);

    [LoggerMessage(LogLevel.Warning, "cannot fetch hash from remote peer; local member is behind")]
    public static partial void LocalIsBehind(
        ILogger log,
        string localMemberId,
        long localMemberRevision,
        long localMemberCompactRevision,
        uint localMemberHash,
        string remotePeerId,
        IEnumerable<string> remotePeerEndpoints);

    [LoggerMessage(LogLevel.Warning, "failed hash kv request")]
    public static partial void FailedHashRequest(
        ILogger log, string localMemberId, long requestedRevision, string remotePeerEndpoint, string error);

    [LoggerMessage(LogLevel.Information, "starting compact hash check")]
    public static partial void StartingCompactionCheck(ILogger log, string localMemberId);

    [LoggerMessage(LogLevel.Information, "finished compaction hash check")]
    public static partial void FinishedCompactionCheck(ILogger log, int numberOfHashesChecked);

    [LoggerMessage(LogLevel.Information, "successfully checked hash on whole cluster")]
    public static partial void CheckedWholeCluster(
        ILogger log, int numberOfPeersChecked, long revision, long compactRevision);

    [LoggerMessage(
        LogLevel.Warning, "skipped revision in compaction hash check; was not able to check all peers")]
    public static partial void SkippedRevision(
        ILogger log, int numberOfPeersChecked, int numberOfPeers, long revision, long compactRevision);

    [LoggerMessage(LogLevel.Warning, "Skipped peer's hash")]
    public static partial void SkippedPeer(
        ILogger log, int numberOfPeers, string leaderId, string peerId, string reason);

    [LoggerMessage(
        LogLevel.Error,
        "Detected compaction hash mismatch but cannot identify the corrupted members, so intentionally set the "
        + "memberID as 0")]
    public static partial void NobodyKnowsWho(
        ILogger log, string leaderId, long leaderRevision, long leaderCompactRevision, uint leaderHash);

    [LoggerMessage(LogLevel.Error, "Detected compaction hash mismatch")]
    public static partial void OtherCompactionHash(
        ILogger log,
        string leaderId,
        long leaderRevision,
        long leaderCompactRevision,
        uint leaderHash,
        uint peerHash,
        string peerIds,
        bool quorumExist);

    [LoggerMessage(LogLevel.Information, "finished peer corruption check")]
    public static partial void FinishedPeerCheck(ILogger log, int numberOfPeersChecked);

    [LoggerMessage(LogLevel.Warning, "failed to check hash KV")]
    public static partial void FailedPeerCheck(ILogger log, string error);

    [LoggerMessage(LogLevel.Warning, "failed to raise the CORRUPT alarm")]
    public static partial void FailedAlarm(ILogger log, string memberId, string error);

    [LoggerMessage(LogLevel.Warning, "found hash mismatch")]
    public static partial void OwnHashChanged(
        ILogger log, long revision, long compactRevision, uint hashBefore, uint hashAfter);

    [LoggerMessage(LogLevel.Warning, "revision from follower must be less than or equal to leader's")]
    public static partial void AheadOfLeader(
        ILogger log, long leaderRevision, long followerRevision, string followerPeerId);

    [LoggerMessage(LogLevel.Warning, "compact revision from follower must be less than or equal to leader's")]
    public static partial void CompactedBeyondLeader(
        ILogger log, long leaderCompactRevision, long followerCompactRevision, string followerPeerId);

    [LoggerMessage(LogLevel.Warning, "same compact revision then hashes must match")]
    public static partial void HashesMustMatch(
        ILogger log,
        long leaderCompactRevision,
        uint leaderHash,
        long followerCompactRevision,
        uint followerHash,
        string followerPeerId);
}
