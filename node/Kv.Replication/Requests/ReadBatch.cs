namespace Kv.Replication;

/// <summary>Readers that share one round of asking the cluster how far the log is committed. All that ask while a
/// round is under way wait for the next one, since a round begun earlier may not cover what was committed
/// since.</summary>
public sealed class ReadBatch
{
    private readonly TaskCompletionSource<ReadOutcome> _done =
        new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ulong _context;

    public Task<ReadOutcome> Done => _done.Task;

    /// <summary>Whether the round has yet to begin, so that a read that comes now may share it.</summary>
    public bool IsOpen => Volatile.Read(ref _context) == 0;

    /// <summary>Names the round in messages between members; zero before it begins.</summary>
    internal ulong Context
    {
        get => Volatile.Read(ref _context);
        set => Volatile.Write(ref _context, value);
    }

    /// <summary>In ticks of the replica.</summary>
    internal long Deadline { get; set; }

    internal void Finish(ReadOutcome outcome) => _done.TrySetResult(outcome);
}

/// <summary>How a round of reading ended.</summary>
public enum ReadOutcome
{
    /// <summary>This member has applied all that was committed when the round began.</summary>
    Confirmed,

    LeaderChanged,

    TimedOut,
}
