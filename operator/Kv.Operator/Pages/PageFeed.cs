namespace Kv.Operator.Pages;

/// <summary>The page as it is now, for all who look: it is made anew at most once a second, however many look and
/// however much happens, and only if something has happened.</summary>
/// <param name="read">Reads the caches.</param>
/// <param name="time">By which a second is measured.</param>
internal sealed class PageFeed(Func<PageScene> read, TimeProvider time)
{
    /// <summary>Between two views.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    /// <summary>Whether this process is well is not told by any change, so that is looked at again by then.</summary>
    public static readonly TimeSpan ViewMax = TimeSpan.FromSeconds(10);

    private readonly Lock _gate = new();
    private TaskCompletionSource _changed = NewChange();
    private Look? _last;

    /// <summary>Something that is shown may have become another. Never waits.</summary>
    public void OnChange()
    {
        TaskCompletionSource changed;
        lock (_gate)
        {
            changed = _changed;
            if (changed.Task.IsCompleted)
                return;
        }

        changed.TrySetResult();
    }

    /// <summary>The page, at most a second old if something has happened since.</summary>
    public Look Read()
    {
        lock (_gate)
        {
            if (_last is { } last && IsFresh(last))
                return last;

            // Taken anew before the caches are read: what happens meanwhile is a change to what was read.
            if (_changed.Task.IsCompleted)
                _changed = NewChange();
            Task changed = _changed.Task;
            _last = new Look(PageView.Of(read()), changed, time.GetTimestamp());
            return _last;
        }
    }

    private bool IsFresh(Look look)
    {
        TimeSpan age = time.GetElapsedTime(look.At);
        return age < (look.Changed.IsCompleted ? Pause : ViewMax);
    }

    private static TaskCompletionSource NewChange() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A view.</summary>
    /// <param name="View">What to show.</param>
    /// <param name="Changed">Ends when there may be something else to show.</param>
    /// <param name="At">When it was made, a time stamp.</param>
    internal sealed record Look(PageView View, Task Changed, long At);
}
