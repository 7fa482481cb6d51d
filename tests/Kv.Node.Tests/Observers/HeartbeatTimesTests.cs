using Kv.Raft;
using Kv.Replication;
using Kv.Server.Metrics;
using Kv.Server.Observers;
using Kv.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Node.Tests.Observers;

public sealed class HeartbeatTimesTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly ManualTime _time = new();
    private readonly RoleMetrics _metrics = new(new MetricRegistry());
    private readonly HeartbeatTimes _network;

    public HeartbeatTimesTests() =>
        _network = new HeartbeatTimes(new NoNetwork(), Interval, _metrics, _time, NullLogger.Instance);

    [Fact]
    public void A_heartbeat_after_more_than_two_intervals_is_late()
    {
        Send(to: 2, term: 5);
        _time.Advance(2 * Interval);
        Send(to: 2, term: 5);
        Assert.Equal(0, _metrics.HeartbeatFailures.Value);
        _time.Advance((2 * Interval) + TimeSpan.FromMilliseconds(1));
        Send(to: 2, term: 5);
        Send(to: 3, term: 5);
        Assert.Equal(1, _metrics.HeartbeatFailures.Value);
    }

    [Fact]
    public void The_time_between_two_terms_in_office_does_not_count()
    {
        Send(to: 2, term: 5);
        _time.Advance(100 * Interval);
        Send(to: 2, term: 7);
        Assert.Equal(0, _metrics.HeartbeatFailures.Value);
    }

    private void Send(ulong to, ulong term) => _network.Send(new Message
    {
        Type = MessageType.Heartbeat,
        To = new NodeId(to),
        From = new NodeId(1),
        Term = term,
    });
}
