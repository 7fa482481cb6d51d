using System.Buffers;
using System.Runtime.CompilerServices;
using Grpc.Core;
using Kv.Grpc;
using Kv.Replication;
using Kv.Server.Metrics;
using Kv.Server.Observers;
using Kv.Server.Tracing;
using Kv.Store;

namespace Kv.Server.Calls;

/// <summary>Put, DeleteRange and Txn on bytes: the request is copied once, from the connection into its log entry, and
/// the reply once, from where the apply lane wrote it to the connection. What a call allocates is its entry.</summary>
internal sealed class KvWrites(
    Proposer proposer, Gate gate, Quota quota, KvReads reads, int txnOpsMax, ProposalObserver observer)
{
    private readonly OutcomeHistogram _puts = observer.TimesOf(LoggedRequest.PutField);
    private readonly OutcomeHistogram _deletes = observer.TimesOf(LoggedRequest.DeleteRangeField);
    private readonly OutcomeHistogram _txns = observer.TimesOf(LoggedRequest.TxnField);

    public ValueTask<Status> PutAsync(ReadOnlySequence<byte> request, GrpcCall call, MessageWriter reply)
    {
        Caller caller = gate.Identify(call);
        ulong id = proposer.NextId();
        byte[] entry = LoggedRequest.Encode(LoggedRequest.PutField, request, id, caller.UserName, caller.AuthRevision);
        ReadOnlySpan<byte> body = entry.AsSpan(LoggedRequest.BodyRangeOf(entry));
        KvError error = RequestChecks.Put(body);
        if (error == KvError.None)
            error = quota.Check(QuotaCost.Put(body));
        return error == KvError.None ? ProposeAsync(entry, _puts, call, reply) : RefuseAsync(error);
    }

    public ValueTask<Status> DeleteRangeAsync(ReadOnlySequence<byte> request, GrpcCall call, MessageWriter reply)
    {
        Caller caller = gate.Identify(call);
        ulong id = proposer.NextId();
        byte[] entry = LoggedRequest.Encode(
            LoggedRequest.DeleteRangeField, request, id, caller.UserName, caller.AuthRevision);
        KvError error = RequestChecks.DeleteRange(entry.AsSpan(LoggedRequest.BodyRangeOf(entry)));
        return error == KvError.None ? ProposeAsync(entry, _deletes, call, reply) : RefuseAsync(error);
    }

    public ValueTask<Status> TxnAsync(ReadOnlySequence<byte> request, GrpcCall call, MessageWriter reply)
    {
        Caller caller = gate.Identify(call);
        ulong id = proposer.NextId();
        byte[] entry = LoggedRequest.Encode(LoggedRequest.TxnField, request, id, caller.UserName, caller.AuthRevision);
        ReadOnlyMemory<byte> body = entry.AsMemory(LoggedRequest.BodyRangeOf(entry));
        KvError error = RequestChecks.Txn(body, txnOpsMax);
        if (error != KvError.None)
            return RefuseAsync(error);
        if (RequestChecks.IsReadOnly(body.Span))
            return reads.TxnAsync(body, caller, call, reply);
        error = quota.Check(QuotaCost.Txn(body.Span));
        return error == KvError.None ? ProposeAsync(entry, _txns, call, reply) : RefuseAsync(error);
    }

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    private async ValueTask<Status> ProposeAsync(
        byte[] entry, OutcomeHistogram times, GrpcCall call, MessageWriter reply)
    {
        Proposal proposal = proposer.Rent();
        RequestTrace? trace = call.Span is null ? null : RequestTrace.Of(call.Span);
        observer.OnProposing();
        KvError error = await proposer.Propose(proposal, entry, trace);
        trace?.End(entry, proposal.AppliedAt, error);
        call.DoneAt = proposal.AppliedAt;
        observer.OnEnded(times, call.BegunAt, proposal.AppliedAt, error);
        if (error == KvError.None)
            reply.Write(proposal.Reply.Encoded);
        proposer.Return(proposal);
        return Refusal.ToStatus(error);
    }

    private async ValueTask<Status> RefuseAsync(KvError error)
    {
        if (error == KvError.NoSpace)
            await quota.RaiseAsync();
        return Refusal.ToStatus(error);
    }
}
