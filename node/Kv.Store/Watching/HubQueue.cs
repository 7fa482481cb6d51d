using System.Runtime.InteropServices;

namespace Kv.Store.Watching;

/// <summary>Changes and requests in the order they came. Not synchronised.</summary>
internal sealed class HubQueue
{
    // A burst may have made the lists large; no need to keep that.
    private const int KeptMax = 4096;

    private readonly List<Item> _items = [];
    private readonly List<Change> _changes = [];

    public bool IsEmpty => _items.Count == 0;

    public int ChangeCount => _changes.Count;

    public long ChangeBytes { get; private set; }

    public void Add(long revision, ReadOnlySpan<Change> changes)
    {
        _items.Add(new Item(revision, changes.Length, Request: null));
        _changes.AddRange(changes);
        foreach (ref readonly Change change in changes)
            ChangeBytes += change.KeyValue.Length;
    }

    public void Add(long revision, HubRequest request) => _items.Add(new Item(revision, ChangeCount: 0, request));

    /// <summary>Notes that a revision was passed over; many in a row take the place of one.</summary>
    public void AddSkip(long revision)
    {
        var skip = new HubRequest.Skip(revision);
        if (_items.Count > 0 && _items[^1].Request is HubRequest.Skip)
            _items[^1] = new Item(revision, ChangeCount: 0, skip);
        else
            Add(revision, skip);
    }

    public void MoveTo(WatchDesk desk)
    {
        ReadOnlySpan<Change> changes = CollectionsMarshal.AsSpan(_changes);
        int next = 0;
        foreach (Item item in _items)
        {
            if (item.Request is not null)
            {
                desk.OnRequest(item.Revision, item.Request);
            }
            else
            {
                desk.OnPublished(item.Revision, changes.Slice(next, item.ChangeCount));
                next += item.ChangeCount;
            }
        }

        desk.Deliver();
        _items.Clear();
        _changes.Clear();
        if (_items.Capacity > KeptMax)
            _items.Capacity = KeptMax;
        if (_changes.Capacity > KeptMax)
            _changes.Capacity = KeptMax;
        ChangeBytes = 0;
    }

    /// <summary>A request, or the number of changes of a revision.</summary>
    private readonly record struct Item(long Revision, int ChangeCount, HubRequest? Request);
}
