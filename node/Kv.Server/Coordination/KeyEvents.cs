using Etcdserverpb;
using Google.Protobuf;
using Grpc.Core;
using Kv.Server.Calls;
using Kv.Store;
using Mvccpb;

namespace Kv.Server.Coordination;

/// <summary>What happens to a key, or to keys of a range, from a revision on: one event after another.</summary>
internal sealed class KeyEvents : IDisposable
{
    private readonly AsyncDuplexStreamingCall<WatchRequest, WatchResponse> _call;
    private readonly Queue<WatchedKey> _come = new(); // of one response; no more is asked for before it is empty
    private readonly CancellationToken _cancelled;
    private readonly WatchRequest _wish;
    private bool _hasAsked;

    public KeyEvents(
        StoreCalls store, ByteString key, ByteString rangeEnd, long revision, CancellationToken cancelled)
    {
        _cancelled = cancelled;
        _call = store.Watch(cancelled);
        _wish = new WatchRequest
        {
            CreateRequest = new WatchCreateRequest { Key = key, RangeEnd = rangeEnd, StartRevision = revision },
        };
    }

    /// <exception cref="RpcException">The watch has ended: it is not allowed, or what it was to tell has been
    /// compacted.</exception>
    public async Task<WatchedKey> NextAsync()
    {
        if (!_hasAsked)
            await _call.RequestStream.WriteAsync(_wish, _cancelled);
        _hasAsked = true;
        while (_come.Count == 0)
        {
            if (!await _call.ResponseStream.MoveNext(_cancelled))
                throw Refusal.ToException(KvError.WatchCanceled);
            Take(_call.ResponseStream.Current);
        }

        return _come.Dequeue();
    }

    public void Dispose() => _call.Dispose();

    private void Take(WatchResponse response)
    {
        if (response.CompactRevision != 0)
            throw Refusal.ToException(KvError.Compacted);
        if (response.Canceled)
            throw new RpcException(new Status(StatusCode.Unknown, response.CancelReason));
        foreach (Event happened in response.Events)
        {
            ResponseHeader header = response.Header.Clone();
            header.Revision = happened.Kv.ModRevision;
            _come.Enqueue(new WatchedKey(header, happened.Kv, happened.Type == Event.Types.EventType.Delete));
        }
    }
}

/// <summary>A change of a key, with a header of the revision that made it.</summary>
internal sealed record WatchedKey(ResponseHeader Header, KeyValue Kv, bool IsDeleted);
