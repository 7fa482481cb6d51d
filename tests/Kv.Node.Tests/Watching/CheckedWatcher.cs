using Etcdserverpb;
using Kv.Store;
using Kv.Store.Watching;
using Mvccpb;

namespace Kv.Node.Tests.Watching;

/// <summary>What one watcher must be told, found by looking through all changes there ever were.</summary>
internal sealed class CheckedWatcher(WatchCreate request, MemoryStore store, WatchLimits limits)
{
    private readonly string _key = MemoryStore.Text(request.Range.Key);
    private readonly string _end = MemoryStore.Text(request.Range.RangeEnd);
    private long _next;
    private int _subNext;
    private bool _isInFragments;

    public WatchCreate Request { get; private set; } = request;

    /// <summary>Null until it is created, and once it is cancelled.</summary>
    public long? Id { get; set; }

    /// <summary>Nothing more may be told: cancelled, or what came next is compacted.</summary>
    public bool IsOver { get; set; }

    public void OnCreated(long id, long revision)
    {
        Assert.Null(Id);
        Id = id;
        _next = Request.StartRevision == 0 ? revision + 1 : Request.StartRevision;
    }

    /// <summary>Asks anew from where it was, as a client does on a new stream.</summary>
    public void Resume()
    {
        if (_next > 0)
            Request = Request with { StartRevision = _next };
        Id = null;
        (_subNext, _isInFragments) = (0, false);
    }

    public void OnEvents(WatchResponse response)
    {
        Assert.False(IsOver);
        Assert.True(response.CalculateSize() < limits.FragmentBytes
            || !Request.Fragment || response.Events.Count == 1 || !response.Fragment);
        foreach (Event told in response.Events)
        {
            Change expected = Expected(_next, _subNext).First();
            CheckEvent(expected, told);
            (_next, _subNext) = (expected.Revision.Main, (int)expected.Revision.Sub + 1);
        }

        Assert.True(response.Header.Revision >= response.Events[^1].Kv.ModRevision);
        _isInFragments = response.Fragment;
        if (_isInFragments)
            return;

        // A response, or the last fragment of one, ends with the last event of a revision.
        Assert.DoesNotContain(Expected(_next, _subNext), change => change.Revision.Main == _next);
        (_next, _subNext) = (_next + 1, 0);
    }

    public void OnProgress(long revision)
    {
        if (IsOver)
            return;
        Assert.False(_isInFragments);
        Assert.True(Request.StartRevision <= revision);
        Assert.DoesNotContain(Expected(_next, 0), change => change.Revision.Main <= revision);
        _next = Math.Max(_next, revision + 1);
    }

    public void OnLost(WatchResponse response)
    {
        Assert.True(response.Canceled);
        Assert.Equal(0, response.Header.Revision);
        Assert.True(_next < response.CompactRevision);
        Assert.False(IsOver);
        IsOver = true;
    }

    public void CheckComplete()
    {
        if (!IsOver)
            Assert.Empty(Expected(_next, _subNext));
    }

    private IEnumerable<Change> Expected(long next, int subNext) => store.Changes.Where(change =>
        new Revision(next, subNext) <= change.Revision
        && MemoryStore.IsIn(MemoryStore.Text(change.Key.Span), _key, _end)
        && !Request.Filters.HasFlag(change.IsDelete ? WatchFilters.NoDelete : WatchFilters.NoPut));

    private void CheckEvent(Change expected, Event told)
    {
        KeyValue keyValue = KeyValue.Parser.ParseFrom(expected.KeyValue.Span);
        Assert.Equal(keyValue, told.Kv);
        Assert.Equal(expected.IsDelete ? Event.Types.EventType.Delete : Event.Types.EventType.Put, told.Type);

        Change previous = store.Changes.LastOrDefault(change =>
            change.Revision.Main < expected.Revision.Main && change.Key.Span.SequenceEqual(expected.Key.Span));
        bool hadPrevious = previous.Revision.Main != 0 && !previous.IsDelete;
        if (!Request.WithPrevious || !hadPrevious)
            Assert.Null(told.PrevKv);
        else if (told.PrevKv is not null || store.CompactRevision < expected.Revision.Main)
            Assert.Equal(KeyValue.Parser.ParseFrom(previous.KeyValue.Span), told.PrevKv);
    }
}
