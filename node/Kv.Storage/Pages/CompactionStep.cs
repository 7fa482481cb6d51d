namespace Kv.Storage.Pages;

/// <summary>What one step of an online compaction did. <paramref name="FileBytes"/> is what
/// <see cref="PageFile.FileBytes"/> is now.</summary>
public readonly record struct CompactionStep(CompactionProgress Progress, int MovedPages, long FileBytes);

public enum CompactionProgress
{
    /// <summary>There is more to do, and it can be done at once.</summary>
    Going,

    /// <summary>Old readers keep the pages that could be given up next: call again once they are gone.</summary>
    WaitingForReaders,

    /// <summary>The file is as short as it will get.</summary>
    Done,
}
