namespace Kv.Store;

/// <summary>Told of what each request changed, on the apply lane, once the changes can be read.</summary>
public interface IChangeSink
{
    /// <summary>Called once for each request that changed something, in the order of revisions without gaps;
    /// <paramref name="changes"/> is only good for the call (the memory its elements refer to may be kept).</summary>
    void Publish(long revision, ReadOnlySpan<Change> changes);

    /// <summary>The store was replaced by a snapshot, and <paramref name="revision"/> is its last: what happened in
    /// between is not published, and can only be had from its history.</summary>
    void Restore(long revision);
}
