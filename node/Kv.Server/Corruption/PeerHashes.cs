using Kv.Server.Peers;
using Kv.Store;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Corruption;

/// <summary>Asks all other members, at the same time, for the hash of their keys at a revision.</summary>
/// <param name="patience">How long to wait for an answer at one of a member's URLs.</param>
internal sealed class PeerHashes(
    ulong self, ulong clusterId, MemberBook members, PeerClient peers, TimeSpan patience, ILogger log)
{
    public ulong Self => self;

    public bool HasPeers => members.Members.Any(member => member.Id != self);

    /// <summary>One reply for each member that can be asked at all.</summary>
    public async Task<IReadOnlyList<HashReply>> AskAsync(long revision, CancellationToken stop) => await Task.WhenAll(
        members.Members
            .Where(member => member.Id != self && member.PeerUrls.Count > 0)
            .Select(member => AskAsync(member, revision, stop)));

    private async Task<HashReply> AskAsync(ClusterMember member, long revision, CancellationToken stop)
    {
        var reply = new HashReply(member.Id, member.PeerUrls, Hash: null);
        foreach (string text in member.PeerUrls)
        {
            reply = await AskAsync(reply, text, revision, stop);
            if (reply.Hash is not null)
                break;
            CorruptionLog.FailedHashRequest(log, MemberIds.ToText(self), revision, text, reply.Error);
        }

        return reply;
    }

    private async Task<HashReply> AskAsync(HashReply reply, string text, long revision, CancellationToken stop)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
        limit.CancelAfter(patience);
        try
        {
            if (!Uri.TryCreate(text, UriKind.Absolute, out Uri? url))
                return reply with { Error = "no URL" };
            PeerAnswer<PeerHash> answer = await peers.GetHashAsync(url, clusterId, revision, limit.Token);
            return answer.IsRefused ? reply with { Error = answer.Error } : reply with { Hash = answer.Value };
        }
        catch (HttpRequestException fault)
        {
            return reply with { Error = fault.Message };
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return reply with { Error = $"no answer within {patience}" };
        }
    }
}
