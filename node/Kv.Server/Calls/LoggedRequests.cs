using System.Diagnostics;
using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Replication;
using Kv.Server.Observers;
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
        observer.OnProposing();
        KvError error = await proposer.Propose(proposal, entry);
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
}
