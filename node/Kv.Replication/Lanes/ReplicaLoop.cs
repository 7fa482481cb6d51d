using System.Diagnostics.CodeAnalysis;

namespace Kv.Replication;

/// <summary>The thread that owns a replica: it takes what has gathered in the inbox, and tells it when a heartbeat
/// interval has passed. It never waits for anything else.</summary>
public sealed class ReplicaLoop : IDisposable
{
    private readonly Replica _replica;
    private readonly Inbox _inbox;
    private readonly TimeProvider _time;
    private readonly TimeSpan _tick;
    private readonly Action<string, Exception> _onFault;
    private readonly Thread _thread;
    private volatile bool _stopping;

    public ReplicaLoop(
        Replica replica, Inbox inbox, TimeProvider time, TimeSpan tick, Action<string, Exception> onFault)
    {
        _replica = replica;
        _inbox = inbox;
        _time = time;
        _tick = tick;
        _onFault = onFault;
        _thread = new Thread(Run) { Name = "replica", IsBackground = true };
    }

    public void Start() => _thread.Start();

    public void Dispose()
    {
        _stopping = true;
        _inbox.Post(ReplicaEvent.Nothing);
        if (_thread.IsAlive)
            _thread.Join();
    }

    [SuppressMessage(
        "Design", "CA1031", Justification = "The top of a lane: whatever happened, the owner must hear of it.")]
    private void Run()
    {
        try
        {
            var buffer = new ReplicaEvent[1];
            ReplicaEvent[] tick = [ReplicaEvent.Tick];
            long interval = Math.Max(1, (long)(_tick.TotalSeconds * _time.TimestampFrequency));
            var ticks = new TickSchedule(_time.GetTimestamp(), interval);
            while (!_stopping)
            {
                long now = _time.GetTimestamp();
                TimeSpan left = _time.GetElapsedTime(now, now + ticks.Left(now));
                if (left > TimeSpan.Zero)
                    _replica.Handle(_inbox.Take(ref buffer, left));
                if (ticks.TryTake(_time.GetTimestamp()))
                    _replica.Handle(tick);
            }
        }
        catch (Exception fault)
        {
            _onFault("replica", fault);
        }
    }
}
