namespace Kv.Store;

/// <summary>How compactions are carried out.</summary>
public sealed record CompactionOptions
{
    public static CompactionOptions Default { get; } = new();

    /// <summary>Rows that one step looks at, about; between steps others get their turn. etcd's default.</summary>
    public int StepRows { get; init; } = 1000;

    public ICompactionObserver? Observer { get; init; }
}
