using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Kv.Operator.Pages;

/// <summary>Server-sent events: each stream begins with all parts of the page, and is then told those that have
/// changed, at most once a second. There is a bound to the streams; who does not read is dropped.</summary>
/// <param name="feed">What to tell.</param>
/// <param name="time">Of the pauses.</param>
/// <param name="stop">Ends all streams.</param>
internal sealed class PageStreams(PageFeed feed, TimeProvider time, CancellationToken stop)
{
    public const int StreamsMax = 32;

    /// <summary>A line that says nothing, so that whoever is in between does not take the stream for dead.</summary>
    public static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    private const string RetrySeconds = "15";

    private static readonly JsonSerializerOptions Json = new() { Encoder = JavaScriptEncoder.Default };

    private int _count;

    /// <summary>How long a client may take to read what it was sent.</summary>
    public TimeSpan WriteMax { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How many there are now.</summary>
    public int Count => Volatile.Read(ref _count);

    public async Task ServeAsync(HttpContext context)
    {
        try
        {
            if (Interlocked.Increment(ref _count) > StreamsMax)
            {
                context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
                context.Response.Headers.RetryAfter = RetrySeconds;
                return;
            }

            using var ends = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stop);
            context.Response.ContentType = "text/event-stream";
            await TellAsync(context, ends.Token);
        }
        catch (OperationCanceledException)
        {
            // The client has gone, or was dropped, or the process ends.
        }
        finally
        {
            Interlocked.Decrement(ref _count);
        }
    }

    private async Task TellAsync(HttpContext context, CancellationToken ends)
    {
        var told = new Dictionary<string, string>();
        while (true)
        {
            PageFeed.Look look = feed.Read();
            await WriteAsync(context, MessageOf(look.View, told), ends);
            await Task.Delay(PageFeed.Pause, time, ends);
            using var waiting = CancellationTokenSource.CreateLinkedTokenSource(ends);
            await Task.WhenAny(look.Changed, Task.Delay(KeepAlive, time, waiting.Token));
            await waiting.CancelAsync();
            ends.ThrowIfCancellationRequested();
        }
    }

    private async Task WriteAsync(HttpContext context, string message, CancellationToken ends)
    {
        using var limit = new CancellationTokenSource(WriteMax, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, ends);
        try
        {
            await context.Response.WriteAsync(message, either.Token);
            await context.Response.Body.FlushAsync(either.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested)
        {
            context.Abort();
            throw;
        }
    }

    /// <summary>The parts that are not as they were told; a comment if there are none.</summary>
    private static string MessageOf(PageView view, Dictionary<string, string> told)
    {
        PageView.Part[] changed = [.. view.Parts.Where(part => told.GetValueOrDefault(part.Id) != part.Mark)];
        if (changed.Length == 0 && told.Count == view.Parts.Count)
            return ":\n\n";

        told.Clear();
        foreach (PageView.Part part in view.Parts)
            told[part.Id] = part.Mark;

        // JSON has no line ends of its own, which would end the message.
        string json = JsonSerializer.Serialize(
            new
            {
                order = view.Parts.Select(part => part.Id),
                changed = changed.Select(part => part.Element.ToString()),
            },
            Json);
        return $"event: parts\ndata: {json}\n\n";
    }
}
