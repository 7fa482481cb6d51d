using Kv.Grpc;
using Kv.Raft;
using Kv.Server.Http;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Peers.Inbound;

/// <summary>What every request of Raft's is asked first: is its sender of this cluster, and of a version that goes with
/// ours?</summary>
internal sealed class Handshake(IPeerMember member, PeerTransport transport, ILogger log)
{
    /// <summary>False if the request is answered herewith: by a refusal, or, as etcd does where it cannot read a
    /// version, by closing the connection.</summary>
    public bool TryPass(PlainHttpCall call, out PlainAnswer? refusal)
    {
        IHeaderDictionary headers = call.RequestHeaders;
        refusal = null;
        bool isParsed = PeerVersion.TryParse(member.Versions.Server, out PeerVersion own);
        Invariant.Require(isParsed);
        string from = headers[PeerHeaders.From].ToString();
        switch (PeerHeaders.Check(headers, member.ClusterId, own))
        {
            case PeerFit.Fits:
                return true;
            case PeerFit.WrongVersion:
                PeerLog.RejectedVersion(log, member.Id, from, headers[PeerHeaders.Version].ToString());
                refusal = Refuse(PeerHeaders.IncompatibleVersion);
                return false;
            case PeerFit.WrongCluster:
                PeerLog.RejectedCluster(
                    log,
                    member.Id,
                    PeerHeaders.ToText(member.ClusterId),
                    from,
                    headers[PeerHeaders.ClusterId].ToString());
                refusal = Refuse(PeerHeaders.ClusterMismatch);
                return false;
            default:
                call.Abort();
                return false;
        }
    }

    /// <summary>Makes it possible to answer the sender if it is a stranger.</summary>
    public void Meet(PlainHttpCall call)
    {
        if (PeerHeaders.TryParseId(call.RequestHeaders[PeerHeaders.From].ToString(), out NodeId from))
            Meet(call, from);
    }

    public void Meet(PlainHttpCall call, NodeId from)
    {
        string urls = call.RequestHeaders[PeerHeaders.PeerUrls].ToString();
        if (urls.Length > 0)
            transport.AddRemote(from, urls.Split(','));
    }

    private static PlainAnswer Refuse(string text) =>
        PlainAnswer.Refuse(StatusCodes.Status412PreconditionFailed, text);
}
