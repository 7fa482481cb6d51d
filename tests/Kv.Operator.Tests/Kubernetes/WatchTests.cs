using Kv.Kubernetes;
using Kv.Kubernetes.Models;

namespace Kv.Operator.Tests.Kubernetes;

public sealed class WatchTests : IAsyncLifetime
{
    private const string Route = "WATCH /api/v1/namespaces/n/pods";

    private readonly WatchFeed _feed = new();
    private ClientBench _bench = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await ClientBench.StartAsync();
        _bench.Server.On(Route, _feed.Answer);
    }

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task Events_come_as_they_happen_until_the_server_ends_the_watch()
    {
        await using var events = Watch(new WatchOptions
        {
            Namespace = "n",
            ResourceVersion = "3",
            AllowBookmarks = true,
            Timeout = TimeSpan.FromSeconds(321),
            LabelSelector = "app=kv",
        });

        _feed.Send(Answers.Event("ADDED", Answers.Pod("a", "4")));
        Assert.Equal((WatchEventType.Added, "4"), await NextAsync(events));
        _feed.Send(Answers.Event("MODIFIED", Answers.Pod("a", "5")), Answers.Bookmark("9"));
        Assert.Equal((WatchEventType.Modified, "5"), await NextAsync(events));
        Assert.Equal((WatchEventType.Bookmark, "9"), await NextAsync(events));
        _feed.SendRaw("\n").Send(Answers.Event("DELETED", Answers.Pod("a", "10"))).End();
        Assert.Equal((WatchEventType.Deleted, "10"), await NextAsync(events));
        Assert.False(await events.MoveNextAsync());

        var request = await _bench.Server.RequestAsync(Route);
        Assert.Equal(
            "/api/v1/namespaces/n/pods?watch=true&resourceVersion=3&allowWatchBookmarks=true" +
            "&timeoutSeconds=321&labelSelector=app%3Dkv",
            request.PathAndQuery);
    }

    [Fact]
    public async Task An_event_may_be_large_and_come_in_pieces_and_in_any_order_of_its_parts()
    {
        string filler = new('x', 300_000);
        string pod = Answers.Pod("a", "4", $$""","status":{"message":"{{filler}}"}""");
        string text = $$"""{"object":{{pod}},"type":"ADDED"}""" + "\n" + Answers.Event("ADDED", Answers.Pod("b", "5"));
        await using var events = Watch(new WatchOptions { Namespace = "n" });

        foreach (char[] piece in text.Chunk(70_001))
            _feed.SendRaw(new string(piece));
        _feed.End();

        Assert.True(await events.MoveNextAsync());
        Assert.Equal(filler, events.Current.Entity.Status.Message);
        Assert.Equal((WatchEventType.Added, "5"), await NextAsync(events)); // the last had no newline
        Assert.False(await events.MoveNextAsync());
    }

    [Fact]
    public async Task A_watch_from_too_long_ago_ends_with_what_the_server_says()
    {
        await using var events = Watch(new WatchOptions { Namespace = "n", ResourceVersion = "3" });
        _feed.Send(Answers.Expired());

        var gone = await Assert.ThrowsAsync<KubernetesException>(async () => await events.MoveNextAsync());

        Assert.True(gone.IsGone);
        Assert.Equal(StatusReason.Expired, gone.Reason);
    }

    [Fact]
    public async Task A_watch_that_is_refused_ends_with_what_the_server_says()
    {
        _bench.Server.On("WATCH /api/v1/pods", Answers.Status(403, "Forbidden", "pods is forbidden"));
        await using var events = Watch(new WatchOptions());

        var refusal = await Assert.ThrowsAsync<KubernetesException>(async () => await events.MoveNextAsync());

        Assert.True(refusal.IsForbidden);
    }

    [Fact]
    public async Task A_connection_cut_in_the_middle_of_an_event_is_an_error_and_not_an_event()
    {
        await using var events = Watch(new WatchOptions { Namespace = "n" });
        _feed.Send(Answers.Event("ADDED", Answers.Pod("a", "4")));
        Assert.Equal((WatchEventType.Added, "4"), await NextAsync(events));
        _feed.SendRaw("""{"type":"MODIFIED","object":{"kind":"Pod","meta""").Cut();

        await Assert.ThrowsAnyAsync<IOException>(async () => await events.MoveNextAsync());
    }

    [Fact]
    public async Task An_end_in_the_middle_of_an_event_is_an_error_too()
    {
        await using var events = Watch(new WatchOptions { Namespace = "n" });
        _feed.SendRaw("""{"type":"MODIFIED","object":{"kind":"Pod","meta""").End();

        var cut = await Assert.ThrowsAnyAsync<IOException>(async () => await events.MoveNextAsync());

        Assert.Contains("cut off", cut.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"SURPRISE","object":{}}""")]
    [InlineData("""{"type":"ADDED"}""")]
    [InlineData("""["ADDED"]""")]
    [InlineData("<html>")]
    public async Task What_is_not_a_watch_is_an_error(string line)
    {
        await using var events = Watch(new WatchOptions { Namespace = "n" });
        _feed.Send(line);

        await Assert.ThrowsAnyAsync<IOException>(async () => await events.MoveNextAsync());
    }

    [Fact]
    public async Task Silence_beyond_what_is_usual_ends_the_watch()
    {
        await using var events = Watch(new WatchOptions { Namespace = "n", IdleMax = TimeSpan.FromSeconds(40) });
        _feed.Send(Answers.Event("ADDED", Answers.Pod("a", "4")));
        Assert.Equal((WatchEventType.Added, "4"), await NextAsync(events));

        var next = events.MoveNextAsync();
        await _bench.Time.WaitForTimerAsync(TimeSpan.FromSeconds(35), TimeSpan.FromSeconds(41));
        _bench.Time.Advance(TimeSpan.FromSeconds(39));
        Assert.False(next.IsCompleted);
        _bench.Time.Advance(TimeSpan.FromSeconds(2));

        var silence = await Assert.ThrowsAnyAsync<IOException>(async () => await next);
        Assert.Contains("40 s", silence.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_watch_ends_when_its_reader_wants()
    {
        using var stop = new CancellationTokenSource();
        var options = new WatchOptions { Namespace = "n" };
        await using var events = _bench.Client.WatchAsync<V1Pod>(options, stop.Token).GetAsyncEnumerator(stop.Token);

        var next = events.MoveNextAsync();
        await _bench.Server.RequestAsync(Route);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await next);
    }

    private IAsyncEnumerator<(WatchEventType Type, V1Pod Entity)> Watch(WatchOptions options) =>
        _bench.Client.WatchAsync<V1Pod>(options).GetAsyncEnumerator();

    private static async Task<(WatchEventType, string?)> NextAsync(
        IAsyncEnumerator<(WatchEventType Type, V1Pod Entity)> events)
    {
        Assert.True(await events.MoveNextAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20)));
        return (events.Current.Type, events.Current.Entity.ResourceVersion());
    }
}
