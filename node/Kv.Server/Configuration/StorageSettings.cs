using Kv.Replication;

namespace Kv.Server.Configuration;

/// <summary>Where data lies and how it is kept.</summary>
public sealed record StorageSettings
{
    public required string DataDirectory { get; init; }

    /// <summary>The directory of the log if it has its own, else null.</summary>
    public required string? DedicatedWalDirectory { get; init; }

    /// <summary>The path of a file elsewhere that remembers that there was data; null for none.</summary>
    public string? DataMarker { get; init; }

    public required long SnapshotEntries { get; init; }

    public required long CatchUpEntries { get; init; }

    /// <summary>How many snapshot files are kept; null keeps all.</summary>
    public required int? SnapshotFilesMax { get; init; }

    /// <summary>How many log files are kept; null keeps all.</summary>
    public required int? LogFilesMax { get; init; }

    /// <summary>The size at which writes are refused; null never.</summary>
    public required long? QuotaBytes { get; init; }

    public required TimeSpan BatchInterval { get; init; }

    public required int BatchOperationsMax { get; init; }

    /// <summary>True only for tests: a crash then loses what was acknowledged.</summary>
    public required bool IsSyncSkipped { get; init; }

    public MemberFiles Files => new(DataDirectory, DedicatedWalDirectory ?? "");
}

/// <summary>Which history is given up by itself, and how gently.</summary>
public sealed record CompactionSettings
{
    public required AutoCompaction Auto { get; init; }

    public required int BatchRevisions { get; init; }
}

/// <summary>What of the history is kept.</summary>
public abstract record AutoCompaction
{
    public sealed record Off : AutoCompaction;

    /// <summary>What is older than this is given up.</summary>
    public sealed record ByAge(TimeSpan Retention) : AutoCompaction;

    /// <summary>All but so many revisions are given up.</summary>
    public sealed record ByRevisions(long Retention) : AutoCompaction;
}
