namespace Kv.Kubernetes.Queues;

/// <summary>How long a key that failed has to wait: twice as long each time, for ever.</summary>
public sealed record WorkQueueOptions
{
    public TimeSpan BackoffFirst { get; init; } = TimeSpan.FromMilliseconds(5);

    /// <summary>What is broken for hours is looked at again within this, once whatever was wrong is gone.</summary>
    public TimeSpan BackoffMax { get; init; } = TimeSpan.FromMinutes(1);
}
