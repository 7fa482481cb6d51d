using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Grpc.Local;
using V3lockpb;

namespace Kv.Server.Coordination;

/// <summary>The Lock service: a lock belongs to whose key is first in the <see cref="KeyLine"/> of its name. Who gives
/// up waiting leaves the line.</summary>
internal sealed class LockCalls(LocalCallInvoker server) : V3lockpb.Lock.LockBase
{
    public override Task<LockResponse> Lock(LockRequest request, ServerCallContext context) =>
        Answers.GiveAsync(LockAsync(request, context));

    public override Task<UnlockResponse> Unlock(UnlockRequest request, ServerCallContext context) =>
        Answers.GiveAsync(UnlockAsync(request, context));

    private static TxnRequest Enter(ByteString key, long lease, KeyLine line)
    {
        var first = new RequestOp { RequestRange = line.First() };
        return new TxnRequest
        {
            Compare = { Conditions.WasCreatedAt(key, revision: 0) },
            Success = { new RequestOp { RequestPut = new PutRequest { Key = key, Lease = lease } }, first },
            Failure = { new RequestOp { RequestRange = new RangeRequest { Key = key } }, first },
        };
    }

    private async Task<LockResponse> LockAsync(LockRequest request, ServerCallContext context)
    {
        var store = new StoreCalls(server, context);
        long lease = await store.LeaseOrNewAsync(request.Lease);
        var line = new KeyLine(store, request.Name);
        ByteString key = line.KeyOf(lease);
        TxnResponse entered = await store.TxnAsync(Enter(key, lease, line));
        long revision = entered.Succeeded
            ? entered.Header.Revision
            : entered.Responses[0].ResponseRange.Kvs[0].CreateRevision;
        if (entered.Responses[1].ResponseRange.Kvs[0].CreateRevision == revision)
            return new LockResponse { Header = entered.Header, Key = key };

        bool isHeld = false;
        try
        {
            await line.UntilFirstAsync(revision, context.CancellationToken);

            // The lease may have ended meanwhile, and the key with it.
            RangeResponse own = await store.RangeAsync(new RangeRequest { Key = key }, context.CancellationToken);
            isHeld = true;
            return own.Kvs.Count > 0
                ? new LockResponse { Header = own.Header, Key = key }
                : throw Answers.Refuse("mutex: session is expired");
        }
        finally
        {
            if (!isHeld)
                await store.DeleteAsync(key);
        }
    }

    private async Task<UnlockResponse> UnlockAsync(UnlockRequest request, ServerCallContext context)
    {
        DeleteRangeResponse deleted = await new StoreCalls(server, context).DeleteAsync(request.Key);
        return new UnlockResponse { Header = deleted.Header };
    }
}
