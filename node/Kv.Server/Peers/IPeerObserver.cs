using Kv.Raft;

namespace Kv.Server.Peers;

/// <summary>Is told what happens between the peers, for etcd's <c>etcd_network_*</c> metrics. Called from any thread,
/// often, so it may do no more than count. What is not overridden counts for nothing.</summary>
public interface IPeerObserver
{
    /// <summary><c>known_peers</c>.</summary>
    void OnKnown(NodeId peer, bool isKnown)
    {
    }

    /// <summary><c>peer_sent_bytes_total</c>: a batch left, with so many bytes of messages.</summary>
    void OnSent(NodeId to, long bytes)
    {
    }

    /// <summary><c>peer_sent_failures_total</c>: a message was dropped or its sending failed.</summary>
    void OnSendFailed(NodeId to)
    {
    }

    /// <summary><c>peer_received_bytes_total</c>.</summary>
    void OnReceived(NodeId from, long bytes)
    {
    }

    /// <summary><c>peer_received_failures_total</c>: a message could not be taken.</summary>
    void OnReceiveFailed(NodeId from)
    {
    }

    /// <summary><c>active_peers</c>, and when it ends <c>disconnected_peers_total</c>.</summary>
    void OnActive(NodeId peer, bool isActive)
    {
    }

    /// <summary><c>peer_round_trip_time_seconds</c>, smoothed over the last probes.</summary>
    void OnRoundTrip(NodeId to, TimeSpan time)
    {
    }

    /// <summary><c>snapshot_send_inflights_total</c>.</summary>
    void OnSnapshotSendBegan(NodeId to)
    {
    }

    /// <summary><c>snapshot_send_success</c>, <c>_failures</c> and <c>_total_duration_seconds</c>.</summary>
    void OnSnapshotSendEnded(NodeId to, bool isSuccess, TimeSpan took)
    {
    }

    /// <summary><c>snapshot_receive_inflights_total</c>.</summary>
    void OnSnapshotReceiveBegan(NodeId from)
    {
    }

    /// <summary><c>snapshot_receive_success</c>, <c>_failures</c> and <c>_total_duration_seconds</c>.</summary>
    void OnSnapshotReceiveEnded(NodeId from, bool isSuccess, TimeSpan took)
    {
    }
}

/// <summary>Counts nothing.</summary>
public sealed class NoPeerObserver : IPeerObserver;
