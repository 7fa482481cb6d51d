using Etcdserverpb;
using Google.Protobuf;

namespace Kv.Store;

/// <summary>Applies one request of the log to the store. The same entries make the same store on every member: nothing
/// here looks at a clock, draws a number or depends on who waits for the answer. Runs on the apply lane.
/// <para>The order of the checks is etcd's: a corrupt cluster, then no space, then permission, then the request
/// itself.</para></summary>
public sealed class Applier(StoreParts parts, ulong clusterId, ulong memberId)
{
    private static readonly Version CheckpointsKeptSince = new(3, 6);

    private readonly AuthApplier _auth = new(parts.Auth, parts.Tokens);
    private readonly ClusterApplier _cluster = new(parts.Members, parts.Alarms);
    private readonly ApplyChecks _checks = new(parts);

    /// <summary>Applies an entry and puts what is to be answered in <paramref name="reply"/>, if somebody
    /// waits.</summary>
    public KvError Apply(ulong index, ulong term, ReadOnlySpan<byte> entry, Reply? reply)
    {
        // The opening entry of a leader's term holds nothing.
        if (entry.IsEmpty)
            return KvError.None;
        if (!LoggedRequest.TryParse(entry, out LoggedRequest request) || request.Field == 0)
            return _cluster.ApplyV2(index, entry);

        KvError error = _checks.Check(request);
        if (error != KvError.None)
            return error;
        var header = new ReplyHeader(clusterId, memberId, term);
        return request.Field switch
        {
            LoggedRequest.PutField => parts.Kv.Put(request.Body, header, reply?.Writer),
            LoggedRequest.TxnField => parts.Kv.Txn(request.Body, header, reply?.Writer),
            LoggedRequest.DeleteRangeField => parts.Kv.DeleteRange(request.Body, header, reply?.Writer),
            _ => ApplyDecoded(index, Decode(index, entry), reply),
        };
    }

    private static InternalRaftRequest Decode(ulong index, ReadOnlySpan<byte> entry)
    {
        try
        {
            return InternalRaftRequest.Parser.ParseFrom(entry);
        }
        catch (InvalidProtocolBufferException fault)
        {
            throw DamagedEntry.Of(index, $"it holds no request: {fault.Message}");
        }
    }

    private KvError ApplyDecoded(ulong index, InternalRaftRequest request, Reply? reply)
    {
        IMessage? answer = null;
        KvError error;
        if (request.Compaction is { } compaction)
            error = parts.Kv.Compact(compaction.Revision);
        else if (request.LeaseGrant is { } grant)
            error = Grant(grant, out answer);
        else if (request.LeaseRevoke is { } revoke)
            error = Revoke(revoke.ID);
        else if (request.LeaseCheckpoint is { } checkpoint)
            error = Checkpoint(checkpoint);
        else if (request.Alarm is { } alarm)
            error = _cluster.ApplyAlarm(alarm, out answer);
        else if (!_cluster.TryApply(index, request, out error))
            error = ApplyAuth(new EntryPlace(clusterId, index), request, out answer);

        reply?.Message = answer;
        return error;
    }

    // What only reads (auth_user_get and its like) has nothing to change.
    private KvError ApplyAuth(in EntryPlace place, InternalRaftRequest request, out IMessage? answer) =>
        _auth.TryApply(place, request, out KvError error, out answer) ? error : KvError.None;

    private KvError Grant(LeaseGrantRequest request, out IMessage? answer)
    {
        KvError error = parts.Leases.Grant(request.ID, request.TTL, out long granted);
        answer = new LeaseGrantResponse { ID = request.ID, TTL = granted };
        return error;
    }

    // The keys of a lease go in one revision, and the lease in the same entry.
    private KvError Revoke(long id)
    {
        if (!parts.Leases.TryGetKeys(id, out byte[][]? keys))
            return KvError.LeaseNotFound;
        parts.Kv.DeleteKeys(keys);
        return parts.Leases.Remove(id);
    }

    private KvError Checkpoint(LeaseCheckpointRequest request)
    {
        // Older members do not store it, and what members store must be the same.
        bool isKept = parts.Members.IsAtLeast(CheckpointsKeptSince);
        foreach (LeaseCheckpoint checkpoint in request.Checkpoints)
            parts.Leases.Checkpoint(checkpoint.ID, checkpoint.RemainingTTL, isKept);
        return KvError.None;
    }
}
