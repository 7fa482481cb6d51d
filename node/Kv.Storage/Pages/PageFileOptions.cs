namespace Kv.Storage.Pages;

/// <summary>How a page file is opened. The defaults are what a member runs with; tests choose smaller ones.</summary>
public sealed record PageFileOptions
{
    /// <summary>For a file that is made here; an existing one keeps its own.</summary>
    public int PageSize { get; init; } = 4096;

    /// <summary>Address space taken for the file, so that it can grow without being mapped anew. Costs nothing until
    /// the file is that large; when the file outgrows it, a larger mapping follows.</summary>
    public long ReservedBytes { get; init; } = 10L << 30;

    /// <summary>The file grows by this much more than is needed now, as etcd's does.</summary>
    public long GrowBytes { get; init; } = 16L << 20;

    /// <summary>Whether each commit also writes the list of free pages. Without it (etcd's choice) commits write less,
    /// and opening reads the whole tree to find what is free.</summary>
    public bool StoreFreeList { get; init; }

    public ICommitObserver? Observer { get; init; }

    /// <summary>Opens without taking the lock, and without finding the free pages; nothing can be written.</summary>
    public bool ReadOnly { get; init; }
}
