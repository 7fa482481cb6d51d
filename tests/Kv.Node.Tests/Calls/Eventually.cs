namespace Kv.Node.Tests.Calls;

/// <summary>Waits for what other threads will bring about, for as long as a test may wait for anything.</summary>
internal static class Eventually
{
    public static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Quiet = TimeSpan.FromMilliseconds(150);

    public static async Task HoldsAsync(Func<bool> condition, string what)
    {
        using var timer = new PeriodicTimer(Look);
        long start = TimeProvider.System.GetTimestamp();
        while (!condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Deadline, $"Never so: {what}");
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>The number that stays the same for a while.</summary>
    public static async Task<long> SettlesAsync(Func<long> number)
    {
        using var timer = new PeriodicTimer(Quiet);
        long start = TimeProvider.System.GetTimestamp();
        long before;
        do
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Deadline, "It does not come to rest.");
            before = number();
            await timer.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
        while (number() != before);
        return before;
    }
}
