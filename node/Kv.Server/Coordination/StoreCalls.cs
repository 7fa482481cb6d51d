using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Grpc.Local;
using Kv.Server.Calls;
using Metadata = Grpc.Core.Metadata;

namespace Kv.Server.Coordination;

/// <summary>The API as somebody who calls us would use it: with his token and his certificate, past the same
/// gates.</summary>
internal sealed class StoreCalls
{
    private readonly KV.KVClient _kv;
    private readonly Lease.LeaseClient _leases;
    private readonly Watch.WatchClient _watches;
    private readonly Metadata _caller = [];

    public StoreCalls(LocalCallInvoker server, ServerCallContext caller)
    {
        LocalCallInvoker calls = server.For(caller);
        _kv = new KV.KVClient(calls);
        _leases = new Lease.LeaseClient(calls);
        _watches = new Watch.WatchClient(calls);
        if (Gate.TokenOf(caller) is { } token)
            _caller.Add(Gate.TokenHeader, token);
        if (caller.RequestHeaders.Get(Gate.GatewayHeader) is { } gateway)
            _caller.Add(gateway);
    }

    public async Task<RangeResponse> RangeAsync(RangeRequest request, CancellationToken cancelled) =>
        await _kv.RangeAsync(request, _caller, cancellationToken: cancelled);

    /// <summary>Is not given up: what may have been logged must be known to have been.</summary>
    public async Task<TxnResponse> TxnAsync(TxnRequest request) => await _kv.TxnAsync(request, _caller);

    public async Task<DeleteRangeResponse> DeleteAsync(ByteString key) =>
        await _kv.DeleteRangeAsync(new DeleteRangeRequest { Key = key }, _caller);

    /// <summary>The lease itself or, if it is none, a new one for as long as a session of etcd's clients lasts that
    /// does not say.</summary>
    public async Task<long> LeaseOrNewAsync(long lease)
    {
        const long SessionSeconds = 60;
        if (lease != 0)
            return lease;
        LeaseGrantResponse granted =
            await _leases.LeaseGrantAsync(new LeaseGrantRequest { TTL = SessionSeconds }, _caller);
        return granted.ID;
    }

    public AsyncDuplexStreamingCall<WatchRequest, WatchResponse> Watch(CancellationToken cancelled) =>
        _watches.Watch(_caller, cancellationToken: cancelled);
}
