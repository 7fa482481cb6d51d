using Kv.Server.Metrics;
using Kv.Store;

namespace Kv.Server.Startup;

/// <summary>Counts changes on their way to the watchers.</summary>
internal sealed class CountingSink(MvccMetrics metrics, IChangeSink next) : IChangeSink
{
    public void Publish(long revision, ReadOnlySpan<Change> changes)
    {
        int deleted = 0;
        foreach (ref readonly Change change in changes)
            deleted += change.IsDelete ? 1 : 0;
        metrics.Puts.Add(changes.Length - deleted);
        metrics.Deletes.Add(deleted);
        next.Publish(revision, changes);
    }

    public void Restore(long revision) => next.Restore(revision);
}
