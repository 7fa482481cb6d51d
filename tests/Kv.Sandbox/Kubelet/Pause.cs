namespace Kv.Sandbox.Kubelet;

/// <summary>Waits where waiting itself is the rule: backoff and delays that a spec asks for.</summary>
internal static class Pause
{
    /// <summary>Waits until it is given up, which it throws.</summary>
    public static Task UntilAsync(CancellationToken stop) => new TaskCompletionSource().Task.WaitAsync(stop);

    public static async Task ForAsync(TimeSpan span, CancellationToken stop)
    {
        if (span <= TimeSpan.Zero)
            return;
        using var timer = new PeriodicTimer(span);
        await timer.WaitForNextTickAsync(stop);
    }
}
