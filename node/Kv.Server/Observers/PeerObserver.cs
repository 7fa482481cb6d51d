using System.Collections.Concurrent;
using Kv.Raft;
using Kv.Server.Metrics;
using Kv.Server.Peers;

namespace Kv.Server.Observers;

/// <summary>Counts what happens between this member and the others. Only those that it was told of: ids come from the
/// network, and a stranger must not be able to make series without end.</summary>
internal sealed class PeerObserver(NodeId self, PeerMetrics metrics) : IPeerObserver
{
    private readonly string _self = self.ToString();
    private readonly ConcurrentDictionary<NodeId, PeerSeries> _peers = new();

    public void OnKnown(NodeId peer, bool isKnown)
    {
        _peers.TryAdd(peer, new PeerSeries(_self, peer.ToString(), metrics));
        metrics.Known.With(_self, peer.ToString()).Set(isKnown);
    }

    public void OnSent(NodeId to, long bytes) => Find(to)?.SentBytes.Add(bytes);

    public void OnSendFailed(NodeId to) => Find(to)?.SendFailures.Increment();

    public void OnReceived(NodeId from, long bytes) => Find(from)?.ReceivedBytes.Add(bytes);

    public void OnReceiveFailed(NodeId from) => Find(from)?.ReceiveFailures.Increment();

    public void OnActive(NodeId peer, bool isActive)
    {
        if (Find(peer) is not { } series)
            return;
        series.Active.Set(isActive);
        if (!isActive)
            series.Disconnected.Increment();
    }

    public void OnRoundTrip(NodeId to, TimeSpan time) => Find(to)?.RoundTrip.Observe(time);

    public void OnSnapshotSendBegan(NodeId to) => Find(to)?.SnapshotsSent.Begin();

    public void OnSnapshotSendEnded(NodeId to, bool isSuccess, TimeSpan took) =>
        Find(to)?.SnapshotsSent.End(isSuccess, took);

    public void OnSnapshotReceiveBegan(NodeId from) => Find(from)?.SnapshotsReceived.Begin();

    public void OnSnapshotReceiveEnded(NodeId from, bool isSuccess, TimeSpan took) =>
        Find(from)?.SnapshotsReceived.End(isSuccess, took);

    private PeerSeries? Find(NodeId peer) => _peers.TryGetValue(peer, out PeerSeries? known) ? known : null;

    /// <summary>What is counted of one member. A series comes to be when it is first counted, and what is counted often
    /// is looked up once.</summary>
    private sealed class PeerSeries(string self, string peer, PeerMetrics metrics)
    {
        private Counter? _sentBytes;
        private Counter? _receivedBytes;

        public Counter SentBytes => _sentBytes ??= metrics.SentBytes.With(peer);

        public Counter ReceivedBytes => _receivedBytes ??= metrics.ReceivedBytes.With(peer);

        public Counter SendFailures => metrics.SendFailures.With(peer);

        public Counter ReceiveFailures => metrics.ReceiveFailures.With(peer);

        public Gauge Active => metrics.Active.With(self, peer);

        public Counter Disconnected => metrics.Disconnected.With(self, peer);

        public Histogram RoundTrip => metrics.RoundTrip.With(peer);

        public SnapshotSeries SnapshotsSent => new(metrics.SnapshotsSent, peer);

        public SnapshotSeries SnapshotsReceived => new(metrics.SnapshotsReceived, peer);
    }

    private readonly record struct SnapshotSeries(SnapshotMetrics Metrics, string Peer)
    {
        public void Begin() => Metrics.InFlight.With(Peer).Increment();

        public void End(bool isSuccess, TimeSpan took)
        {
            Metrics.InFlight.With(Peer).Decrement();
            if (isSuccess)
            {
                Metrics.Successes.With(Peer).Increment();
                Metrics.Time.With(Peer).Observe(took);
            }
            else
            {
                Metrics.Failures.With(Peer).Increment();
            }
        }
    }
}
