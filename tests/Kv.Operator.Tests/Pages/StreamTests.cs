using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Kv.Operator.Pages;
using Kv.Operator.Tests.Kubernetes;
using Kv.Testing;

namespace Kv.Operator.Tests.Pages;

/// <summary>How the page is served and kept fresh.</summary>
public sealed class StreamTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);

    private static readonly PageScene Two = new()
    {
        Clusters = [PageScenes.Healthy("demo"), PageScenes.Healthy("other")],
    };

    private static readonly PageScene OneWorse = new()
    {
        Clusters = [PageScenes.Degraded(PageScenes.Healthy("demo")), PageScenes.Healthy("other")],
    };

    [Fact]
    public async Task A_stream_begins_with_all_parts_and_then_tells_those_that_changed_and_the_order()
    {
        await using PageSite site = await PageSite.StartAsync(Two);
        using StreamReader stream = await OpenAsync(site);

        JsonNode first = await MessageAsync(stream);
        site.Show(OneWorse);
        JsonNode second = await MessageAsync(stream);
        site.Show(new PageScene { Clusters = [PageScenes.Healthy("other")] });
        JsonNode third = await MessageAsync(stream);

        Assert.Equal(["summary", "data/demo", "data/other"], Texts(first["order"]));
        Assert.Equal(3, Texts(first["changed"]).Length);
        Assert.Equal(2, Texts(second["changed"]).Length); // the counts in the summary too
        Assert.Contains("Degraded", Texts(second["changed"])[1], StringComparison.Ordinal);
        Assert.Equal(["summary", "data/other"], Texts(third["order"]));
        Assert.Single(Texts(third["changed"]));
    }

    [Fact]
    public async Task However_much_happens_it_is_told_at_most_once_a_second_and_the_caches_are_read_as_seldom()
    {
        var time = new ManualTime();
        await using PageSite site = await PageSite.StartAsync(Two, time);
        using StreamReader stream = await OpenAsync(site);
        await MessageAsync(stream);
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(1.1));

        for (int change = 0; change < 50; change++)
        {
            site.Show(change == 49 ? OneWorse : Two);
            await site.Http.GetStringAsync("/");
        }

        Assert.Equal(1, site.Reads);
        time.Advance(PageFeed.Pause);
        JsonNode told = await MessageAsync(stream);
        Assert.Contains("Degraded", Texts(told["changed"])[1], StringComparison.Ordinal);
        Assert.Equal(2, site.Reads);

        // Nothing more happens: a line that says nothing, after a while.
        await time.WaitForTimerAsync(TimeSpan.FromSeconds(0.9), TimeSpan.FromSeconds(1.1));
        time.Advance(PageFeed.Pause);
        await time.WaitForTimerAsync(PageStreams.KeepAlive - TimeSpan.FromSeconds(1), PageStreams.KeepAlive * 2);
        time.Advance(PageStreams.KeepAlive);
        Assert.Equal(":", await LineAsync(stream));
    }

    [Fact]
    public async Task One_stream_too_many_is_refused_and_taken_when_another_has_ended()
    {
        await using PageSite site = await PageSite.StartAsync(Two);
        var streams = new List<StreamReader>();
        for (int number = 0; number < PageStreams.StreamsMax; number++)
        {
            streams.Add(await OpenAsync(site));
            await MessageAsync(streams[^1]);
        }

        using HttpResponseMessage refused =
            await site.Http.GetAsync("/events", HttpCompletionOption.ResponseHeadersRead);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, refused.StatusCode);
        Assert.Equal(TimeSpan.FromSeconds(15), refused.Headers.RetryAfter?.Delta);
        Assert.Contains("data/demo", await site.Http.GetStringAsync("/"), StringComparison.Ordinal);

        streams[0].Dispose();
        await Soon.IsTrueAsync(() => site.Streams.Count < PageStreams.StreamsMax);
        streams[0] = await OpenAsync(site);
        await MessageAsync(streams[0]);
        streams.ForEach(stream => stream.Dispose());
        await Soon.IsTrueAsync(() => site.Streams.Count == 0);
    }

    [Fact]
    public async Task All_streams_end_when_the_operator_does()
    {
        await using PageSite site = await PageSite.StartAsync(Two);
        using StreamReader stream = await OpenAsync(site);
        await MessageAsync(stream);

        await site.StopAsync();

        string rest = await stream.ReadToEndAsync().WaitAsync(Deadline);

        Assert.Equal("", rest.Trim()); // the end of the message is an empty line
        await Soon.IsTrueAsync(() => site.Streams.Count == 0);
    }

    /// <summary>What is not read stays in buffers until they are full; then the write is given up, and the client with
    /// it.</summary>
    [Fact]
    public async Task A_client_that_does_not_read_is_dropped()
    {
        PageScene Large(string name) => new()
        {
            Clusters = [.. Enumerable.Range(0, 150).Select(number => PageScenes.Healthy($"{name}-{number}"))],
        };
        await using PageSite site = await PageSite.StartAsync(
            Large("first"), writeMax: TimeSpan.FromMilliseconds(200));
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 4096 };
        await socket.ConnectAsync(site.Address.Host, site.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes("GET /events HTTP/1.1\r\nHost: kv\r\n\r\n"));
        await Soon.IsTrueAsync(() => site.Streams.Count == 1);

        int round = 0;
        await Soon.IsTrueAsync(() =>
        {
            site.Show(Large($"round{round++}"));
            return site.Streams.Count == 0;
        });

        Assert.Equal(HttpStatusCode.OK, (await site.Http.GetAsync("/")).StatusCode);
    }

    [Fact]
    public async Task The_page_is_kept_by_nobody_runs_nothing_of_others_and_can_only_be_read()
    {
        await using PageSite site = await PageSite.StartAsync(Two);

        using HttpResponseMessage page = await site.Http.GetAsync("/");
        Assert.Equal("text/html; charset=utf-8", page.Content.Headers.ContentType?.ToString());
        Assert.True(page.Headers.CacheControl!.NoStore);
        string policy = page.Headers.GetValues("Content-Security-Policy").Single();
        Assert.StartsWith("default-src 'none'; ", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("http", policy, StringComparison.Ordinal);
        Assert.Equal("nosniff", page.Headers.GetValues("X-Content-Type-Options").Single());

        using HttpResponseMessage posted = await site.Http.PostAsync("/", new StringContent("x"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, posted.StatusCode);
        using var head = new HttpRequestMessage(HttpMethod.Head, "/");
        using HttpResponseMessage headers = await site.Http.SendAsync(head);
        Assert.Equal(HttpStatusCode.OK, headers.StatusCode);
        using HttpResponseMessage other = await site.Http.GetAsync("/index.html");
        Assert.Equal(HttpStatusCode.NotFound, other.StatusCode);
    }

    private static async Task<StreamReader> OpenAsync(PageSite site) =>
        new(await site.Http.GetStreamAsync("/events").WaitAsync(Deadline), Encoding.UTF8);

    /// <summary>The next message; lines that say nothing are passed over.</summary>
    private static async Task<JsonNode> MessageAsync(StreamReader stream)
    {
        const string Data = "data: ";
        while (true)
        {
            string line = await LineAsync(stream);
            if (line.StartsWith(Data, StringComparison.Ordinal))
                return JsonNode.Parse(line[Data.Length..])!;
        }
    }

    private static async Task<string> LineAsync(StreamReader stream)
    {
        while (true)
        {
            string? line = await stream.ReadLineAsync().WaitAsync(Deadline);
            Assert.True(line is not null, "The stream has ended.");
            if (line.Length > 0)
                return line;
        }
    }

    private static string[] Texts(JsonNode? list) => [.. list!.AsArray().Select(text => (string)text!)];
}
