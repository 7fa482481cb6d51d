namespace Kv.Kubernetes.Client;

/// <summary>Lets through so many in the long run, and a burst after a pause. Who comes too early is told for how long
/// to wait, and has then already paid: so those who wait go in the order in which they came.</summary>
internal sealed class TokenBucket(double perSecond, int burst, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _tokens = burst;
    private long _filledAt = time.GetTimestamp();

    /// <summary>Takes a token, if need be one of the future.</summary>
    /// <returns>How long to wait for it.</returns>
    public TimeSpan Take()
    {
        lock (_gate)
        {
            Fill();
            _tokens--;
            return _tokens >= 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(-_tokens / perSecond);
        }
    }

    /// <summary>Takes a token only if there is one.</summary>
    public bool TryTake()
    {
        lock (_gate)
        {
            Fill();
            if (_tokens < 1)
                return false;
            _tokens--;
            return true;
        }
    }

    private void Fill()
    {
        long now = time.GetTimestamp();
        double gained = time.GetElapsedTime(_filledAt, now).TotalSeconds * perSecond;
        _tokens = Math.Min(burst, _tokens + gained);
        _filledAt = now;
    }
}
