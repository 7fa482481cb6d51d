using Etcdserverpb;

namespace Kv.Store.Watching;

/// <summary>What a client asks of a new watcher. A <paramref name="WatchId"/> of 0 lets the stream choose one; a
/// <paramref name="StartRevision"/> of 0 means the next revision.</summary>
public sealed record WatchCreate(
    WatchRange Range,
    long WatchId = 0,
    long StartRevision = 0,
    WatchFilters Filters = WatchFilters.None,
    bool WithPrevious = false,
    bool ProgressNotify = false,
    bool Fragment = false)
{
    public static WatchCreate From(WatchCreateRequest request)
    {
        var filters = WatchFilters.None;
        foreach (WatchCreateRequest.Types.FilterType filter in request.Filters)
        {
            // etcd passes over numbers that it does not know.
            filters |= filter switch
            {
                WatchCreateRequest.Types.FilterType.Noput => WatchFilters.NoPut,
                WatchCreateRequest.Types.FilterType.Nodelete => WatchFilters.NoDelete,
                _ => WatchFilters.None,
            };
        }

        return new WatchCreate(
            WatchRange.Of(request.Key.Span, request.RangeEnd.Span),
            request.WatchId,
            request.StartRevision,
            filters,
            request.PrevKv,
            request.ProgressNotify,
            request.Fragment);
    }
}
