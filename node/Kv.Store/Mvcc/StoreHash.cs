namespace Kv.Store;

/// <summary>Computes the hash of the keys at a revision, by etcd's rule, to which every member of a mixed cluster must
/// keep: rows later than the last compaction all count; of those up to it, the ones that show at the revision asked
/// for. If nothing shows there, all that the compaction keeps count (an accident of etcd's that is part of the
/// rule).</summary>
internal static class StoreHash
{
    private const int StepBudget = 512;

    public static KeyValueHash Compute(KeySpace space, in ReadPoint point, long revision)
    {
        var hash = new RowHash();
        var group = new RowGroup();
        long shownAt = ShowsAny(space, point.Index, revision) ? revision : point.Compacted;
        var old = new RowCursor(point.View, from: default);
        while (group.Fill(ref old, point.View, point.Compacted))
            AddOld(ref hash, space, point, group, shownAt);

        var cursor = new RowCursor(point.View, new Revision(Math.Max(point.Compacted + 1, 0), 0));
        while (cursor.MoveNext() && cursor.Revision.Main <= revision)
            hash.Add(cursor.Revision, cursor.IsDelete, point.View.Read(cursor.Value));
        return new KeyValueHash(hash.Value, point.Compacted, revision);
    }

    // Deletions among them do not count: the one at the compaction itself is not there on members of older versions.
    private static void AddOld(ref RowHash hash, KeySpace space, in ReadPoint point, RowGroup group, long shownAt)
    {
        StoreView view = point.View;
        Span<bool> isShown = stackalloc bool[RowGroup.RowsMax];
        lock (space.Gate)
        {
            for (int index = 0; index < group.Count; index++)
            {
                (Revision revision, bool isDelete, ValueSlice row) = group.Rows[index];
                isShown[index] = !isDelete &&
                    point.Index.TryGet(RowGroup.KeyOf(view, row, revision), shownAt, out KeyState state) &&
                    state.Modified == revision;
            }
        }

        for (int index = 0; index < group.Count; index++)
        {
            (Revision revision, bool isDelete, ValueSlice row) = group.Rows[index];
            if (isShown[index])
                hash.Add(revision, isDelete, view.Read(row));
        }
    }

    private static bool ShowsAny(KeySpace space, KeyIndex keys, long revision)
    {
        long counted = 0;
        var scan = new IndexScan(KeyRange.All);
        while (counted == 0 && !scan.IsDone)
        {
            int budget = StepBudget;
            lock (space.Gate)
                counted += keys.Count(ref scan, revision, ref budget);
        }

        scan.Dispose();
        return counted > 0;
    }
}
