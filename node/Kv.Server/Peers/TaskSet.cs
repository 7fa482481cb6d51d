namespace Kv.Server.Peers;

/// <summary>Tasks that were begun where nobody could wait for them, kept so that their owner can at its end.</summary>
internal sealed class TaskSet
{
    private readonly Lock _gate = new();
    private readonly HashSet<Task> _running = [];

    public void Add(Task task)
    {
        lock (_gate)
            _running.Add(task);
        _ = ForgetAsync(task);
    }

    public Task WhenAllAsync()
    {
        lock (_gate)
            return Task.WhenAll(_running);
    }

    private async Task ForgetAsync(Task task)
    {
        await task.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        lock (_gate)
            _running.Remove(task);
    }
}
