using System.Threading.Channels;
using Etcdserverpb;
using Grpc.Core;
using Kv.Server.Observers;
using Kv.Store;
using Kv.Store.Watching;

namespace Kv.Server.Calls;

/// <summary>One Watch call. Its two directions do not wait for each other: a client that sends no more requests still
/// gets its events. There is one exception, which bounds what a client can make us keep: one that does not read what
/// it is answered is not listened to either, until it reads (<see cref="WatchStream.IsSaturated"/>).</summary>
internal sealed class WatchConversation
{
    private readonly Gate _gate;
    private readonly WatchObserver _observer;
    private readonly ServerCallContext _context;
    private readonly WatchStream _stream;

    // Both hold one token at most: it says that there may be something to read, or to listen for, not how much.
    private readonly Channel<bool> _ready = OneToken();
    private readonly Channel<bool> _room = OneToken();
    private int _isHeldBack;

    public WatchConversation(WatchHub hub, Gate gate, WatchObserver observer, ServerCallContext context)
    {
        _gate = gate;
        _observer = observer;
        _context = context;
        _stream = hub.OpenStream(() => _ready.Writer.TryWrite(true));
    }

    /// <summary>Runs until the client gives the call up, or sends what is no request.</summary>
    public async Task RunAsync(IAsyncStreamReader<WatchRequest> requests, IServerStreamWriter<WatchOutput> responses)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_context.CancellationToken);
        Task listening = ListenAsync(requests, ended.Token);
        try
        {
            while (true)
            {
                long begunAt = WatchObserver.Begin();
                while (_stream.TryRead(out WatchOutput? output))
                {
                    LetListen();
                    await responses.WriteAsync(output, _context.CancellationToken);
                    begunAt = _observer.OnSent(output, begunAt);
                }

                LetListen();
                if (listening.IsFaulted)
                    await listening;
                await _ready.Reader.ReadAsync(_context.CancellationToken);
            }
        }
        catch (OperationCanceledException) when (_context.CancellationToken.IsCancellationRequested)
        {
            throw Refusal.ToException(KvError.WatchCanceled);
        }
        finally
        {
            await ended.CancelAsync();
            _stream.Close();
        }
    }

    private static Channel<bool> OneToken() => Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private async Task ListenAsync(IAsyncStreamReader<WatchRequest> requests, CancellationToken ended)
    {
        try
        {
            while (await requests.MoveNext(ended))
            {
                Pass(requests.Current);
                while (_stream.IsSaturated)
                    await UntilRoomAsync(ended);
            }
        }
        catch (RpcException)
        {
            _observer.OnReceiveFailed();
            throw;
        }
        finally
        {
            // Wakes the other direction, which ends the call if this one failed.
            _ready.Writer.TryWrite(true);
        }
    }

    // The stream is looked at again after saying that somebody waits: else the last word that there is room could have
    // come just before.
    private async Task UntilRoomAsync(CancellationToken ended)
    {
        Interlocked.Exchange(ref _isHeldBack, 1);
        if (_stream.IsSaturated || Interlocked.Exchange(ref _isHeldBack, 0) == 0)
            await _room.Reader.ReadAsync(ended);
    }

    // Whatever makes room wakes the writing direction, which comes by here.
    private void LetListen()
    {
        if (Volatile.Read(ref _isHeldBack) == 1
            && !_stream.IsSaturated
            && Interlocked.Exchange(ref _isHeldBack, 0) == 1)
        {
            _room.Writer.TryWrite(true);
        }
    }

    private void Pass(WatchRequest request)
    {
        switch (request.RequestUnionCase)
        {
            case WatchRequest.RequestUnionOneofCase.CreateRequest:
                var create = WatchCreate.From(request.CreateRequest);
                _stream.Create(create, _gate.IsOpen ? null : ReasonToRefuse);
                break;
            case WatchRequest.RequestUnionOneofCase.CancelRequest:
                _stream.Cancel(request.CancelRequest.WatchId);
                break;
            case WatchRequest.RequestUnionOneofCase.ProgressRequest:
                _stream.RequestProgress();
                break;
            default:
                break; // as etcd: a request of a kind not known is passed over
        }
    }

    // The range is the one that will be watched, not the one that was written: a permission for one key must not
    // open all keys after it (GHSA-xg4h-6gfc-h4m8).
    private string? ReasonToRefuse(WatchRange range)
    {
        Status status;
        try
        {
            status = Refusal.ToStatus(_gate.CheckRead(_gate.Identify(_context), range));
        }
        catch (RpcException refused)
        {
            status = refused.Status;
        }

        return status.StatusCode == StatusCode.OK
            ? null
            : $"rpc error: code = {status.StatusCode} desc = {status.Detail}";
    }
}
