using Kv.Kubernetes.Client;

namespace Kv.Kubernetes.Informers;

/// <summary>How long to leave the server in peace after a failure: longer each time, and short again once things have
/// gone well for a while (the numbers are client-go's).</summary>
internal sealed class ReconnectPause(TimeProvider time, Jitter jitter)
{
    private static readonly TimeSpan First = TimeSpan.FromSeconds(0.8);
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan GoodAfter = TimeSpan.FromMinutes(2);

    private TimeSpan _next = First;
    private long _failedAt = time.GetTimestamp();

    public TimeSpan Next()
    {
        if (time.GetElapsedTime(_failedAt) >= GoodAfter)
            _next = First;
        _failedAt = time.GetTimestamp();
        var pause = _next;
        _next = _next * 2 > Most ? Most : _next * 2;
        return jitter.Between(pause, pause * 2);
    }
}
