using Microsoft.AspNetCore.Http;

namespace Kv.Operator.Pages;

/// <summary>The page of the operator for people: <c>/</c> is the page, <c>/events</c> what keeps it fresh. It shows
/// what the caches hold and asks nobody, neither the API nor a member; it can only be read.</summary>
public sealed class StatusPage
{
    private readonly PageFeed _feed;
    private readonly PageStreams _streams;

    /// <param name="read">Reads the caches; called at most once a second.</param>
    /// <param name="time">Of pauses.</param>
    /// <param name="stop">Ends what is being told.</param>
    public StatusPage(Func<PageScene> read, TimeProvider time, CancellationToken stop)
        : this(new PageFeed(read, time), time, stop)
    {
    }

    internal StatusPage(PageFeed feed, PageStreams streams) => (_feed, _streams) = (feed, streams);

    private StatusPage(PageFeed feed, TimeProvider time, CancellationToken stop)
        : this(feed, new PageStreams(feed, time, stop))
    {
    }

    /// <summary>Something that is shown may have changed.</summary>
    public void OnChange() => _feed.OnChange();

    /// <summary>Answers <c>/</c>.</summary>
    public async Task ShowAsync(HttpContext context)
    {
        if (!IsRead(context))
            return;
        context.Response.ContentType = "text/html; charset=utf-8";
        if (HttpMethods.IsGet(context.Request.Method))
            await context.Response.WriteAsync(_feed.Read().View.Write().ToString(), context.RequestAborted);
    }

    /// <summary>Answers <c>/events</c>.</summary>
    public async Task TellAsync(HttpContext context)
    {
        if (IsRead(context) && HttpMethods.IsGet(context.Request.Method))
            await _streams.ServeAsync(context);
    }

    private static bool IsRead(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.ContentSecurityPolicy = PageAssets.Policy;
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        if (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
            return true;
        context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        headers.Allow = "GET, HEAD";
        return false;
    }
}
