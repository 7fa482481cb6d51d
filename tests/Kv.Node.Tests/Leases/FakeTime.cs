namespace Kv.Node.Tests.Leases;

/// <summary>A clock that goes when it is told to.</summary>
internal sealed class FakeTime : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public TimeSpan Now => TimeSpan.FromTicks(GetTimestamp());

    public override long GetTimestamp() => Volatile.Read(ref _ticks);

    public void Advance(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
}
