namespace Kv.Store;

/// <summary>Is told how compactions get on, for metrics and log lines, on the compaction lane; must not
/// block.</summary>
public interface ICompactionObserver
{
    void OnStarting(long revision);

    /// <summary>The index has forgotten what is given up; the rows follow.</summary>
    void OnIndexCompacted();

    /// <summary>A step of looking at rows is about to begin.</summary>
    void OnStepping();

    void OnStepped();

    /// <summary>All of it is gone from the page file.</summary>
    /// <param name="rows">How many rows were deleted.</param>
    /// <param name="hash">Of what was there before; 0 if it was not computed.</param>
    void OnFinished(long revision, long rows, uint hash);
}
