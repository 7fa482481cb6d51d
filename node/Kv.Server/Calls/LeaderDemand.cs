using Grpc.Core;
using Kv.Replication;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Clients that send the metadata <c>hasleader: true</c> want an error rather than an answer from a member
/// that is cut off.</summary>
internal static class LeaderDemand
{
    private const string Header = "hasleader";

    public static void Check(ServerCallContext context, ReplicaView view)
    {
        if (view.Leader == default && context.RequestHeaders.GetValue(Header) == "true")
            throw Refusal.ToException(KvError.NoLeader);
    }
}
