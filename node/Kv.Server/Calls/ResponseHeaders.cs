using Etcdserverpb;
using Kv.Replication;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>The header that nearly every response carries: who answers, in which term, at which revision.</summary>
internal sealed class ResponseHeaders(ulong clusterId, ulong memberId, ReplicaView view, MvccStore store)
{
    public ulong ClusterId => clusterId;

    public ulong MemberId => memberId;

    /// <summary>A header with the revision the store has now.</summary>
    public ResponseHeader Now() => At(store.CurrentRevision);

    public ResponseHeader At(long revision) => new()
    {
        ClusterId = clusterId,
        MemberId = memberId,
        RaftTerm = view.Term,
        Revision = revision,
    };

    /// <summary>For replies that are written without a message being made.</summary>
    public ReplyHeader ForReply() => new(clusterId, memberId, view.Term);

    /// <summary>As the Cluster service answers: no revision.</summary>
    public ResponseHeader WithoutRevision() => At(0);
}
