using Kv.Raft;
using Kv.Replication;
using Kv.Server.Logging;
using Kv.Server.Metrics;
using Microsoft.Extensions.Logging;

namespace Kv.Server.Observers;

/// <summary>The network, and beside it a look at whether this member, while it leads, sends its heartbeats in time.
/// When it does not, something keeps it from its work, and the others may take it for dead. As in etcd, two intervals
/// are in time.</summary>
internal sealed class HeartbeatTimes(
    INetwork network, TimeSpan interval, RoleMetrics metrics, TimeProvider time, ILogger log) : INetwork
{
    private readonly TimeSpan _most = 2 * interval;
    private readonly Dictionary<NodeId, long> _last = [];
    private ulong _term;

    public void Send(Message message)
    {
        if (message.Type == MessageType.Heartbeat)
            Look(message);
        network.Send(message);
    }

    public void SendSnapshot(OutgoingSnapshot snapshot) => network.SendSnapshot(snapshot);

    public bool IsConnected(NodeId member, TimeSpan since) => network.IsConnected(member, since);

    private void Look(Message heartbeat)
    {
        // Of an earlier time in office there is nothing to make up for.
        if (heartbeat.Term != _term)
            _last.Clear();
        _term = heartbeat.Term;

        long now = time.GetTimestamp();
        if (_last.TryGetValue(heartbeat.To, out long last) && time.GetElapsedTime(last, now) is var passed
            && passed > _most)
        {
            metrics.HeartbeatFailures.Increment();
            Log.LateHeartbeat(log, heartbeat.To, interval, _most, passed - _most);
        }

        _last[heartbeat.To] = now;
    }
}
