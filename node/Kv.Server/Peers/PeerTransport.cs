using Kv.Raft;
using Kv.Replication;
using Kv.Server.Peers.Outbound;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Peers;

/// <summary>The way to the other members and from them, over HTTP as etcd's members speak it: see
/// <see cref="Peer"/>. It dials every peer for the streams on which that one writes; the streams on which this member
/// writes are dialled by the peers and come in through <see cref="PeerServer"/>.
/// <code>
///   var transport = new PeerTransport(member, options, log);
///   transport.AddPeer(id, ["http://10.0.0.2:2380"]);
///   transport.Send(message);
/// </code></summary>
public sealed class PeerTransport : INetwork, IAsyncDisposable
{
    private readonly TransportScope _scope;
    private readonly SlotCount _snapshotSlots;
    private readonly TaskSet _closing = new();
    private readonly Lock _gate = new();

    // Replaced whole, so that sending takes no lock.
    private volatile Dictionary<NodeId, Peer> _peers = [];
    private volatile Dictionary<NodeId, Remote> _remotes = [];
    private bool _isDisposed;

    public PeerTransport(IPeerMember member, PeerTransportOptions options, ILogger log)
    {
        _scope = new TransportScope(member, options, log);
        _snapshotSlots = new SlotCount(options.SnapshotsMax);
    }

    internal MessageIntake Intake => _scope.Intake;

    internal PeerTransportOptions Options => _scope.Options;

    /// <summary>Never waits and never throws: what cannot be sent is dropped, counted, and reported to Raft.</summary>
    public void Send(Message message)
    {
        if (_peers.TryGetValue(message.To, out Peer? peer))
            peer.Send(message);
        else if (_remotes.TryGetValue(message.To, out Remote? remote))
            remote.Send(message);
    }

    public void SendSnapshot(OutgoingSnapshot snapshot) => SendSnapshot(new StoreContent(snapshot));

    /// <summary>The same from anywhere.</summary>
    internal void SendSnapshot(IOutgoingSnapshot snapshot)
    {
        NodeId to = snapshot.Message.To;
        if (_peers.TryGetValue(to, out Peer? peer))
        {
            peer.Send(snapshot);
            return;
        }

        snapshot.Dispose();
        _scope.Member.ReportSnapshot(to, isSuccess: false);
    }

    public bool IsConnected(NodeId member, TimeSpan since) =>
        ActiveSince(member) is { } start && _scope.Options.Time.GetUtcNow() - start >= since;

    /// <summary>Begins to speak with a member. Nothing happens if there is one of this id already.</summary>
    /// <param name="urls">Its peer URLs, http or https; others are passed over.</param>
    public void AddPeer(NodeId id, IReadOnlyList<string> urls)
    {
        lock (_gate)
        {
            if (_isDisposed || id == _scope.Member.Id || _peers.ContainsKey(id))
                return;
            var scope = new PeerScope(id, urls, _scope);
            _peers = new Dictionary<NodeId, Peer>(_peers) { [id] = new Peer(scope, _snapshotSlots) };
            RemoveRemote(id);
        }

        _scope.Options.Observer.OnKnown(id, isKnown: true);
        PeerLog.AddedPeer(_scope.Log, _scope.Member.Id, id, urls);
    }

    /// <summary>The member is found elsewhere from now on. Connections that there are stay.</summary>
    public void UpdatePeer(NodeId id, IReadOnlyList<string> urls)
    {
        if (!_peers.TryGetValue(id, out Peer? peer))
            return;
        peer.Update(urls);
        PeerLog.UpdatedPeer(_scope.Log, _scope.Member.Id, id, urls);
    }

    /// <summary>Speaks with the member no more.</summary>
    public void RemovePeer(NodeId id)
    {
        lock (_gate)
        {
            var left = new Dictionary<NodeId, Peer>(_peers);
            if (!left.Remove(id, out Peer? peer))
                return;
            _peers = left;
            _closing.Add(peer.DisposeAsync().AsTask());
        }

        _scope.Options.Observer.OnKnown(id, isKnown: false);
        PeerLog.RemovedPeer(_scope.Log, _scope.Member.Id, id);
    }

    /// <summary>How many members there is a connection with.</summary>
    public int ActiveCount => _peers.Values.Count(peer => peer.ActiveSince is not null);

    /// <summary>Since when there has been a connection with the member; null while there is none.</summary>
    public DateTimeOffset? ActiveSince(NodeId id) =>
        _peers.TryGetValue(id, out Peer? peer) ? peer.ActiveSince : null;

    public async ValueTask DisposeAsync()
    {
        Dictionary<NodeId, Peer> peers;
        Dictionary<NodeId, Remote> remotes;
        lock (_gate)
        {
            if (_isDisposed)
                return;
            _isDisposed = true;
            (peers, _peers) = (_peers, []);
            (remotes, _remotes) = (_remotes, []);
        }

        await Task.WhenAll(
        [
            .. peers.Values.Select(peer => peer.DisposeAsync().AsTask()),
            .. remotes.Values.Select(remote => remote.DisposeAsync().AsTask()),
            _closing.WhenAllAsync(),
        ]);
        _scope.Dispose();
    }

    /// <summary>Makes it possible to answer one that is no member known here; see <see cref="Remote"/>. There is a
    /// limit to how many, as anybody who knows the cluster's id can claim to be one.</summary>
    internal void AddRemote(NodeId id, IReadOnlyList<string> urls)
    {
        if (_peers.ContainsKey(id) || _remotes.ContainsKey(id) || id == _scope.Member.Id)
            return;
        lock (_gate)
        {
            if (_isDisposed || _peers.ContainsKey(id) || _remotes.ContainsKey(id)
                || _remotes.Count >= _scope.Options.RemotesMax || _scope.Member.IsRemoved(id))
            {
                return;
            }

            var scope = new PeerScope(id, urls, _scope);
            _remotes = new Dictionary<NodeId, Remote>(_remotes) { [id] = new Remote(scope) };
        }

        PeerLog.AddedRemote(_scope.Log, _scope.Member.Id, id, urls);
    }

    /// <summary>Where a stream that a peer has dialled is to be served; null if it is no peer.</summary>
    internal StreamSender? FindSender(NodeId id, StreamKind kind) =>
        _peers.TryGetValue(id, out Peer? peer) ? peer.Sender(kind) : null;

    private void RemoveRemote(NodeId id)
    {
        var left = new Dictionary<NodeId, Remote>(_remotes);
        if (!left.Remove(id, out Remote? remote))
            return;
        _remotes = left;
        _closing.Add(remote.DisposeAsync().AsTask());
    }
}
