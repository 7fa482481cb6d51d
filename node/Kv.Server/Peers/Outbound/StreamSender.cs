using System.IO.Pipelines;
using Kv.Raft;

namespace Kv.Server.Peers.Outbound;

/// <summary>One stream to a peer, over all the connections that it takes in its life. The peer dials; while it does
/// not, there is no stream.</summary>
internal sealed class StreamSender(PeerScope peer, StreamKind kind)
{
    private readonly Lock _gate = new();
    private volatile StreamSession? _session;
    private bool _isClosed;

    public bool IsAttached => _session is not null;

    /// <summary>Closed where there is no stream.</summary>
    public QueueOutcome TrySend(Message message) => _session?.TrySend(message) ?? QueueOutcome.Closed;

    /// <summary>Serves a connection of the peer until it ends. One before it is given up: the peer would not have
    /// dialled again if that still worked.</summary>
    /// <param name="abort">Breaks the connection.</param>
    public async Task ServeAsync(PipeWriter output, Action abort, CancellationToken disconnected)
    {
        var session = new StreamSession(peer, kind, abort);

        // Before anybody can write on it: a stream that is not watched could be stuck for ever.
        peer.Transport.Watch.Add(session);
        try
        {
            await ServeAsync(session, output, abort, disconnected);
        }
        finally
        {
            peer.Transport.Watch.Remove(session);
        }
    }

    /// <summary>Ends the stream, for good.</summary>
    public void Close(string reason)
    {
        StreamSession? session;
        lock (_gate)
        {
            _isClosed = true;
            session = _session;
        }

        session?.Close(reason);
    }

    private async Task ServeAsync(
        StreamSession session, PipeWriter output, Action abort, CancellationToken disconnected)
    {
        if (!TryAttach(session))
        {
            abort();
            return;
        }

        PeerLog.AcceptedStream(peer.Log, kind.Name, peer.Id);
        try
        {
            await session.RunAsync(output, disconnected);
        }
        finally
        {
            Detach(session);
        }
    }

    private bool TryAttach(StreamSession session)
    {
        StreamSession? before;
        lock (_gate)
        {
            if (_isClosed)
                return false;
            before = _session;
            _session = session;
            peer.Status.SetUp(kind.Outgoing);
        }

        before?.Close("the peer dialled again");
        return true;
    }

    private void Detach(StreamSession session)
    {
        lock (_gate)
        {
            if (_session == session)
            {
                _session = null;
                peer.Status.SetDown(kind.Outgoing, session.Reason);
            }
        }

        PeerLog.ClosedStream(peer.Log, kind.Name, peer.Id, session.Reason);
    }
}
