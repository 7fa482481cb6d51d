using System.Buffers;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Raft;
using Kv.Replication;
using Kv.Store;
using Kv.Testing.Linearizability;
using Kv.Testing.Members;
using Request = Kv.Testing.Linearizability.Request;

namespace Kv.Simulation.Tests.Hosts;

/// <summary>What the services of a node do with the requests of clients, without gRPC and without waiting: whoever asks
/// is called back when the outcome is known.</summary>
internal sealed class MemberEdge(MemberProcess process, AssembledMember member)
{
    private const int TxnOperationsMax = 128;

    private readonly List<Pending> _pending = [];
    private readonly LeaseKeeping _leases = new(process, member);
    private ReadBatch? _gathering;

    private MvccStore Store => member.Store.Kv;

    private ReplyHeader Header => new(MemberPlan.ClusterId, member.Id.Value, member.View.Term);

    /// <summary>Serves a request for keys.</summary>
    public void Serve(Request request, bool isSerializable, Action<Outcome> reply)
    {
        if (request is { If.Count: 0, Then: [var step] })
            ServeOne(step, isSerializable, reply);
        else if (request.IsRange)
            ServeRange(request, isSerializable, reply);
        else
            ServeTxn(EtcdMessages.ToMessage(request).ToByteArray(), reply);
    }

    /// <summary>Passes any other request through the log. What comes back is the revision that the answer's header
    /// would have.</summary>
    public void Serve(InternalRaftRequest request, Action<KvError, long> reply)
    {
        request.Header = new RequestHeader { ID = member.Proposer.NextId() };
        Propose(request.ToByteArray(), (error, _) => reply(error, Store.CurrentRevision));
    }

    /// <summary>Keeps a lease alive; zero if it is gone, and null if this is not the member to ask.</summary>
    public long? KeepAlive(long lease) => _leases.Renew(lease);

    public void Change(ConfChangeType type, ulong id, byte[] context, Action<KvError> reply)
    {
        var proposal = new ConfProposal(new ConfChange(member.Ids.Next(), type, new NodeId(id), context));
        if (member.Inbox.TryPost(ReplicaEvent.ProposeChange(proposal)))
            _pending.Add(new Pending(() => proposal.Done.IsCompleted, () => reply(proposal.Done.Result)));
        else
            reply(KvError.TooManyRequests);
    }

    /// <summary>Tells who is in the cluster, no older than the question.</summary>
    public void ListMembers(Action<IReadOnlyList<ClusterMember>?> reply) =>
        Confirm(outcome => reply(outcome == ReadOutcome.Confirmed ? member.Store.Members.Members : null));

    public void MoveLeader(ulong to) => member.Inbox.Post(ReplicaEvent.Transfer(new NodeId(to)));

    /// <summary>Looks after leases: whose time is up is revoked by the leader.</summary>
    public void KeepLeases() => _leases.Run();

    /// <summary>Answers those whose outcome is known by now.</summary>
    public void Poll()
    {
        for (int index = 0; index < _pending.Count;)
        {
            if (!_pending[index].IsDone())
            {
                index++;
                continue;
            }

            Pending done = _pending[index];
            _pending.RemoveAt(index);
            done.Finish();
        }
    }

    /// <summary>Passes an entry through the log.</summary>
    public void Propose(byte[] entry, Action<KvError, Reply> reply)
    {
        // Never one from the pool: its former outcome may still be about to be told, by a thread of the machine's.
        var proposal = new Proposal();
        ValueTask<KvError> outcome = member.Proposer.Propose(proposal, entry);
        long round = proposal.Round;
        if (proposal.IsWaiting(round) && !outcome.IsCompleted)
            _pending.Add(new Pending(() => !proposal.IsWaiting(round), () => reply(proposal.Error, proposal.Reply)));
        else
            reply(outcome.Result, proposal.Reply);
    }

    private void ServeOne(Step step, bool isSerializable, Action<Outcome> reply)
    {
        switch (step)
        {
            case Step.Put put:
                Propose(
                    LoggedRequest.PutField,
                    EtcdMessages.ToMessage(put).ToByteArray(),
                    encoded => EtcdMessages.ToAnswer(PutResponse.Parser.ParseFrom(encoded)),
                    reply);
                break;
            case Step.Delete delete:
                Propose(
                    LoggedRequest.DeleteRangeField,
                    EtcdMessages.ToMessage(delete).ToByteArray(),
                    encoded => EtcdMessages.ToAnswer(DeleteRangeResponse.Parser.ParseFrom(encoded)),
                    reply);
                break;
            case Step.Get get:
                byte[] range = EtcdMessages.ToMessage(get, isSerializable).ToByteArray();
                Read(range, isSerializable, EtcdMessages.ToAnswer, reply);
                break;
            default:
                throw new ArgumentException($"not a request for keys: {step}", nameof(step));
        }
    }

    // Several neighbouring keys at once.
    private void ServeRange(Request request, bool isSerializable, Action<Outcome> reply)
    {
        if (request.Then[0] is Step.Delete)
        {
            Propose(
                LoggedRequest.DeleteRangeField,
                EtcdMessages.ToDeleteRange(request).ToByteArray(),
                encoded => EtcdMessages.ToAnswer(request, DeleteRangeResponse.Parser.ParseFrom(encoded)),
                reply);
            return;
        }

        byte[] range = EtcdMessages.ToRange(request, isSerializable).ToByteArray();
        Read(range, isSerializable, found => EtcdMessages.ToAnswer(request, found), reply);
    }

    private void Read(
        byte[] range, bool isSerializable, Func<RangeResponse, Answer> toAnswer, Action<Outcome> reply)
    {
        if (isSerializable)
            reply(Range(range, toAnswer));
        else
            Confirm(outcome => reply(outcome == ReadOutcome.Confirmed ? Range(range, toAnswer) : Failed(outcome)));
    }

    private void ServeTxn(byte[] txn, Action<Outcome> reply)
    {
        KvError error = RequestChecks.Txn(txn, TxnOperationsMax);
        if (error != KvError.None)
            reply(new Outcome(error));
        else if (RequestChecks.IsReadOnly(txn))
            Confirm(outcome => reply(outcome == ReadOutcome.Confirmed ? ReadTxn(txn) : Failed(outcome)));
        else
            Propose(LoggedRequest.TxnField, txn, static encoded => ParseTxn(encoded), reply);
    }

    private void Propose(int field, byte[] request, AnswerParser parse, Action<Outcome> reply)
    {
        byte[] entry =
            LoggedRequest.Encode(field, new ReadOnlySequence<byte>(request), member.Proposer.NextId());
        Propose(entry, (error, answered) =>
            reply(error == KvError.None ? new Outcome(error, parse(answered.Encoded)) : new Outcome(error)));
    }

    /// <summary>As a node's linearizable reads do: those that come together share one round of asking.</summary>
    private void Confirm(Action<ReadOutcome> confirmed)
    {
        if (member.View.ReadsLocally)
        {
            confirmed(ReadOutcome.Confirmed);
            return;
        }

        if (_gathering is not { IsOpen: true })
        {
            _gathering = new ReadBatch();
            member.Inbox.Post(ReplicaEvent.Read(_gathering));
        }

        ReadBatch batch = _gathering;
        _pending.Add(new Pending(() => batch.Done.IsCompleted, () => confirmed(batch.Done.Result)));
    }

    private Outcome Range(byte[] request, Func<RangeResponse, Answer> toAnswer)
    {
        using RangeReply reply = Store.Range(request, Header);
        if (reply.Error != KvError.None)
            return new Outcome(reply.Error);
        byte[] encoded = new byte[reply.EncodedBytes];
        for (int copied = 0; copied < encoded.Length;)
            copied += reply.CopyTo(encoded.AsSpan(copied));
        return new Outcome(KvError.None, toAnswer(RangeResponse.Parser.ParseFrom(encoded)));
    }

    private Outcome ReadTxn(byte[] request)
    {
        var reply = new ArrayBufferWriter<byte>();
        KvError error = Store.ReadTxn(request, Header, reply, out int _);
        return error == KvError.None ? new Outcome(error, ParseTxn(reply.WrittenSpan)) : new Outcome(error);
    }

    private static Answer ParseTxn(ReadOnlySpan<byte> encoded) =>
        EtcdMessages.ToAnswer(TxnResponse.Parser.ParseFrom(encoded));

    private static Outcome Failed(ReadOutcome outcome) =>
        new(outcome == ReadOutcome.LeaderChanged ? KvError.LeaderChanged : KvError.Timeout);

    private delegate Answer AnswerParser(ReadOnlySpan<byte> encoded);

    private sealed record Pending(Func<bool> IsDone, Action Finish);
}
