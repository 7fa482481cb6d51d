using Etcdserverpb;
using Grpc.Core;
using Kv.Replication;
using Kv.Server.Calls;
using Kv.Server.Configuration;
using Kv.Server.Upkeep;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Corruption;

/// <summary>On the leader, compares the members' keys from time to time and raises the CORRUPT alarm of those that are
/// wrong. Comparing at compactions costs next to nothing, since the hashes are there; comparing at the current revision
/// makes every member read all its keys.</summary>
internal sealed class CorruptionWatch(
    ulong self,
    StoreParts store,
    CorruptionWatch.NodeParts parts,
    PeerHashes peers,
    CorruptionSettings settings,
    TimeProvider time,
    ILogger log)
{
    private long _lastChecked;

    /// <summary>Returns when the node stops.</summary>
    public Task RunAsync(CancellationToken stop) => Task.WhenAll(
        RepeatAsync(settings.CompactionInterval, CheckCompactionsAsync, stop),
        RepeatAsync(settings.CurrentInterval, CheckCurrentAsync, stop));

    /// <summary>Compares at the newest compaction at which all members have a hash.</summary>
    internal async Task CheckCompactionsAsync(CancellationToken stop)
    {
        KeyValueHash[] hashes =
        [
            .. store.Kv.CompactionHashes.Where(hash => hash.Revision > _lastChecked)
                .OrderByDescending(hash => hash.Revision),
        ];
        if (hashes.Length == 0)
            return;

        CorruptionLog.StartingCompactionCheck(log, MemberIds.ToText(self));
        int count = 0;
        bool isFinal = false;
        while (!isFinal && count < hashes.Length)
            isFinal = await CheckCompactionAsync(hashes[count++], stop);
        CorruptionLog.FinishedCompactionCheck(log, count);
    }

    /// <summary>Compares at the current revision.</summary>
    internal async Task CheckCurrentAsync(CancellationToken stop)
    {
        try
        {
            KeyValueHash before = await parts.Upkeep.HashKvAsync(0);
            IReadOnlyList<HashReply> replies = await peers.AskAsync(before.Revision, stop);
            await parts.Reads.ConfirmAsync();
            KeyValueHash after = await parts.Upkeep.HashKvAsync(0);
            PeriodicFinding[] findings = [.. CorruptionRules.OfCurrent(self, before, after, replies)];
            foreach (PeriodicFinding finding in findings)
                Tell(before, after, finding);
            if (findings.Length > 0)
                await RaiseAsync(findings[0].Member);
            CorruptionLog.FinishedPeerCheck(log, replies.Count(reply => reply.Hash is not null));
        }
        catch (RpcException refused)
        {
            CorruptionLog.FailedPeerCheck(log, refused.Status.Detail);
        }
    }

    // Whether no older compaction need be looked at.
    private async Task<bool> CheckCompactionAsync(KeyValueHash own, CancellationToken stop)
    {
        string leader = MemberIds.ToText(self);
        IReadOnlyList<HashReply> replies = await peers.AskAsync(own.Revision, stop);
        CompactionVerdict verdict = CorruptionRules.OfCompaction(self, own, replies);
        foreach (HashReply skipped in replies.Where(reply => reply.Hash?.CompactRevision != own.CompactRevision))
        {
            string reason = skipped.Hash is { } peer
                ? $"the peer's CompactRevision {peer.CompactRevision} doesn't match leader's CompactRevision "
                    + $"{own.CompactRevision}"
                : "no response";
            CorruptionLog.SkippedPeer(log, replies.Count, leader, MemberIds.ToText(skipped.Member), reason);
        }

        int compared = verdict.PeersChecked;
        if (verdict.Differing.Count > 0)
            await TellAsync(own, verdict);
        else if (verdict.IsComplete)
            Pass(own, verdict);
        else
            CorruptionLog.SkippedRevision(log, compared, replies.Count, own.Revision, own.CompactRevision);
        return verdict.IsFinal;
    }

    private void Pass(KeyValueHash own, CompactionVerdict verdict)
    {
        CorruptionLog.CheckedWholeCluster(log, verdict.PeersChecked, own.Revision, own.CompactRevision);
        _lastChecked = Math.Max(_lastChecked, own.Revision);
    }

    private async Task TellAsync(KeyValueHash own, CompactionVerdict verdict)
    {
        string leader = MemberIds.ToText(self);
        if (!verdict.HasMajority)
            CorruptionLog.NobodyKnowsWho(log, leader, own.Revision, own.CompactRevision, own.Hash);
        foreach (HashGroup group in verdict.Differing)
        {
            string members = string.Join(',', group.Members.Select(MemberIds.ToText));
            CorruptionLog.OtherCompactionHash(
                log, leader, own.Revision, own.CompactRevision, own.Hash, group.Hash, members, verdict.HasMajority);
        }

        foreach (ulong member in verdict.Alarmed)
            await RaiseAsync(member);
    }

    private void Tell(KeyValueHash before, KeyValueHash after, PeriodicFinding finding)
    {
        string member = MemberIds.ToText(finding.Member);
        switch (finding.Fault)
        {
            case PeriodicFault.OwnHash:
                CorruptionLog.OwnHashChanged(log, before.Revision, before.CompactRevision, before.Hash, after.Hash);
                break;
            case PeriodicFault.AheadOfLeader:
                CorruptionLog.AheadOfLeader(log, after.Revision, finding.Peer.CurrentRevision, member);
                break;
            case PeriodicFault.CompactedBeyondLeader:
                CorruptionLog.CompactedBeyondLeader(
                    log, after.CompactRevision, finding.Peer.CompactRevision, member);
                break;
            default:
                CorruptionLog.HashesMustMatch(
                    log, before.CompactRevision, before.Hash, finding.Peer.CompactRevision, finding.Peer.Hash, member);
                break;
        }
    }

    private async Task RaiseAsync(ulong member)
    {
        if (store.Alarms.Raised(AlarmType.Corrupt).Any(alarm => alarm.MemberID == member))
            return;
        try
        {
            await parts.Log.ProposeAsync(new InternalRaftRequest
            {
                Alarm = new AlarmRequest
                {
                    Action = AlarmRequest.Types.AlarmAction.Activate,
                    Alarm = AlarmType.Corrupt,
                    MemberID = member,
                },
            });
        }
        catch (RpcException refused)
        {
            // Leads no more, or lost the others: whoever leads compares again.
            CorruptionLog.FailedAlarm(log, MemberIds.ToText(member), refused.Status.Detail);
        }
    }

    private async Task RepeatAsync(TimeSpan? interval, Func<CancellationToken, Task> check, CancellationToken stop)
    {
        if (interval is not { } rest)
            return;
        try
        {
            while (true)
            {
                await Task.Delay(rest, time, stop);
                if (parts.View.IsLeader && peers.HasPeers)
                    await check(stop);
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The node stops.
        }
    }

    /// <summary>What the checks use of the node they run in.</summary>
    internal sealed record NodeParts(
        StoreUpkeep Upkeep, LinearizableReads Reads, LoggedRequests Log, ReplicaView View);
}
