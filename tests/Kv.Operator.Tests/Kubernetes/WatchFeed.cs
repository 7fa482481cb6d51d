using System.Threading.Channels;
using Microsoft.AspNetCore.Http;

namespace Kv.Operator.Tests.Kubernetes;

/// <summary>A watch that the test speaks through, for as long as it likes.</summary>
internal sealed class WatchFeed
{
    private readonly Channel<(string? Text, bool Aborts)> _lines =
        Channel.CreateBounded<(string? Text, bool Aborts)>(1000);

    public Answer Answer => AnswerAsync;

    public WatchFeed Send(params string[] events)
    {
        foreach (string each in events)
            SendRaw(each + "\n");
        return this;
    }

    /// <summary>Sends what need not be a whole line.</summary>
    public WatchFeed SendRaw(string text)
    {
        Assert.True(_lines.Writer.TryWrite((text, false)));
        return this;
    }

    /// <summary>Ends it as servers do when its time is over.</summary>
    public WatchFeed End()
    {
        _lines.Writer.Complete();
        return this;
    }

    /// <summary>Ends it as a broken connection does.</summary>
    public WatchFeed Cut()
    {
        Assert.True(_lines.Writer.TryWrite((null, true)));
        return this;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        context.Response.ContentType = "application/json";
        await context.Response.StartAsync();
        await context.Response.Body.FlushAsync(); // or the headers wait for the first event
        using var either = CancellationTokenSource.CreateLinkedTokenSource(
            context.RequestAborted, (CancellationToken)context.Items["closing"]!);
        try
        {
            await foreach ((string? text, bool aborts) in _lines.Reader.ReadAllAsync(either.Token))
            {
                if (aborts)
                {
                    context.Abort();
                    return;
                }

                await context.Response.WriteAsync(text!, either.Token);
                await context.Response.Body.FlushAsync(either.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The client has gone, or the test is over.
        }
    }
}
