using Kv.Server.Startup;
using Kv.Storage;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Corruption;

/// <summary>Compares what the page file holds with the other members before this one answers anybody: one that differs
/// must not vote, serve or lead. Members that are not up, or have compacted further, prove nothing.</summary>
internal static class InitialCheck
{
    /// <exception cref="CorruptDataException">Another member has different keys.</exception>
    public static async Task RunAsync(
        OpenedMember member, PeerHashes peers, TimeSpan patience, ILogger log, CancellationToken stop)
    {
        if (!peers.HasPeers)
            return;
        string self = MemberIds.ToText(member.MemberId);
        CorruptionLog.StartingInitialCheck(log, self, patience);
        KvError error = member.Store.Kv.HashKv(0, out KeyValueHash own);
        Invariant.Require(error == KvError.None);
        int differing = 0;
        foreach (HashReply reply in await peers.AskAsync(own.Revision, stop))
            differing += IsWrong(self, own, reply, log) ? 1 : 0;
        if (differing == 0)
        {
            CorruptionLog.PassedInitialCheck(log, self);
            return;
        }

        string finding = $"{self} found data inconsistency with peers";
        CorruptionLog.FailedInitialCheck(log, finding);
        throw new CorruptDataException(member.Store.Backend.Path, $"{finding}; {Remedy.ReplaceMember}");
    }

    private static bool IsWrong(string self, KeyValueHash own, HashReply reply, ILogger log)
    {
        string member = MemberIds.ToText(reply.Member);
        if (reply.Hash is not { } peer)
        {
            if (reply.Error == CorruptionTexts.Future)
                CorruptionLog.SlowPeer(log, self, own.Revision, own.CompactRevision, own.Hash, member, reply.Urls);
            else if (reply.Error == CorruptionTexts.Compacted)
                CorruptionLog.LocalIsBehind(log, self, own.Revision, own.CompactRevision, own.Hash, member, reply.Urls);
            return false;
        }

        if (peer.Hash == own.Hash)
            return false;
        if (!CorruptionRules.Differ(own, peer))
        {
            CorruptionLog.OtherCompaction(
                log, self, own.Revision, own.CompactRevision, member, reply.Urls, peer.CompactRevision);
            return false;
        }

        CorruptionLog.OtherHash(
            log, self, own.Revision, own.CompactRevision, own.Hash, member, reply.Urls, peer.Hash);
        return true;
    }
}
