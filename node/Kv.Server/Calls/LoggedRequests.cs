using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Replication;
using Kv.Server.Observers;
using Kv.Server.Tracing;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Passes requests that are not of the hot path through the log and returns what applying them
/// answered.</summary>
internal sealed class LoggedRequests(Proposer proposer, ProposalObserver observer)
{
    /// <summary>Throws <see cref="RpcException"/> with etcd's code and text if the request is refused.</summary>
    public async Task<IMessage?> ProposeAsync(InternalRaftRequest request, Caller caller = default)
    {
        ulong id = proposer.NextId();
        request.Header = new RequestHeader { ID = id, Username = caller.UserName, AuthRevision = caller.AuthRevision };
        byte[] entry = request.ToByteArray();
        long start = Stopwatch.GetTimestamp();
        Proposal proposal = proposer.Rent();
        RequestTrace? trace = Spans.AreWanted ? RequestTrace.Of(Activity.Current) : null;
        observer.OnProposing();
        KvError error = await (IsFirstInLine(request)
            ? proposer.ProposeFirst(proposal, entry, trace)
            : proposer.Propose(proposal, entry, trace));
        trace?.End(entry, proposal.AppliedAt, error);
        observer.OnEnded(observer.TimesOf(LoggedRequest.FieldOf(entry)), start, proposal.AppliedAt, error);
        IMessage? answer = proposal.Reply.Message;
        proposer.Return(proposal);
        Refusal.ThrowIfRefused(error);
        return answer;
    }

    /// <summary>The same for a request whose response is a <typeparamref name="TResponse"/>.</summary>
    public async Task<TResponse> ProposeAsync<TResponse>(InternalRaftRequest request, Caller caller = default)
        where TResponse : class, IMessage, new() =>
        await ProposeAsync(request, caller) as TResponse ?? new TResponse();

    // What keeps leases and the cluster right, and what makes room.
    private static bool IsFirstInLine(InternalRaftRequest request) =>
        request.LeaseRevoke is not null
        || request.LeaseCheckpoint is not null
        || request.Compaction is not null
        || request.Alarm is not null
        || request.ClusterVersionSet is not null
        || request.ClusterMemberAttrSet is not null
        || request.DowngradeInfoSet is not null;
}
