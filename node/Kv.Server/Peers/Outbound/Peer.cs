using Kv.Raft;

namespace Kv.Server.Peers.Outbound;

/// <summary>Another member, and all the ways there are to it.
/// <code>
///            append ──► stream "msgapp"  ─┐
///   Send ──► others ──► stream "message" ─┤ the peer dials these; appends take the second where the first is missing
///              else ──► posts             ┘ and everything is posted where both are
///          snapshot ──► a request of its own
/// </code>
/// What does not fit into its queue is dropped, and Raft is told so: it repeats what matters.</summary>
internal sealed class Peer : IAsyncDisposable
{
    private readonly PeerScope _scope;
    private readonly StreamSender _appends;
    private readonly StreamSender _messages;
    private readonly MessagePosts _posts;
    private readonly SnapshotPosts _snapshots;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationToken _stopped;
    private readonly Task _running;

    public Peer(PeerScope scope, SlotCount snapshotSlots)
    {
        _scope = scope;
        _appends = new StreamSender(scope, StreamKind.Appends);
        _messages = new StreamSender(scope, StreamKind.Messages);
        _posts = new MessagePosts(scope);
        _snapshots = new SnapshotPosts(scope, snapshotSlots);
        _stopped = _stop.Token;
        _running = Task.WhenAll(
            Task.Run(() => new StreamReceiver(scope, StreamKind.Appends).RunAsync(_stopped)),
            Task.Run(() => new StreamReceiver(scope, StreamKind.Messages).RunAsync(_stopped)),
            Task.Run(() => _posts.RunAsync(_stopped)),
            Task.Run(() => new RoundTripProbe(scope).RunAsync(_stopped)));
    }

    public DateTimeOffset? ActiveSince => _scope.Status.ActiveSince;

    public void Send(Message message)
    {
        Invariant.Require(message.Type != MessageType.Snapshot);
        QueueOutcome outcome = message.Type == MessageType.Append ? _appends.TrySend(message) : QueueOutcome.Closed;
        if (outcome == QueueOutcome.Closed)
            outcome = _messages.TrySend(message);
        if (outcome == QueueOutcome.Full || (outcome == QueueOutcome.Closed && !_posts.TrySend(message)))
            _scope.OnLost();
    }

    public void Send(IOutgoingSnapshot snapshot) => _snapshots.Send(snapshot, _stopped);

    public StreamSender Sender(StreamKind kind) => kind == StreamKind.Appends ? _appends : _messages;

    public void Update(IEnumerable<string> urls) => _scope.Urls.Update(urls);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _appends.Close("stopped");
        _messages.Close("stopped");
        await _running;
        await _snapshots.WhenAllAsync();
        _stop.Dispose();
    }
}
