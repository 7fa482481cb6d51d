using System.Threading.Channels;
using Kv.Kubernetes;
using Kv.Kubernetes.Informers;
using Kv.Kubernetes.Models;
using Microsoft.Extensions.Logging.Abstractions;

namespace Kv.Operator.Tests.Kubernetes;

public sealed class InformerTests : IAsyncLifetime
{
    private const string List = "GET /api/v1/namespaces/n/pods";
    private const string Watch = "WATCH /api/v1/namespaces/n/pods";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20);

    private readonly Channel<EntityChange<V1Pod>> _changes = Channel.CreateBounded<EntityChange<V1Pod>>(1000);
    private ClientBench _bench = null!;
    private Informer<V1Pod> _informer = null!;

    public async ValueTask InitializeAsync() => _bench = await ClientBench.StartAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task A_list_and_then_a_watch_from_its_version_fill_the_cache()
    {
        var feed = new WatchFeed();
        _bench.Server.On(
            List, Answers.Json(Answers.PodList("9", "", Answers.PodItem("a", "1"), Answers.PodItem("b", "2"))));
        _bench.Server.On(Watch, feed.Answer);
        Start();

        await _informer.Synced.WaitAsync(Deadline);
        Assert.Equal(["Added a 1", "Added b 2"], await ToldAsync(2));
        feed.Send(Answers.Event("MODIFIED", Answers.Pod("a", "10")));
        feed.Send(Answers.Event("DELETED", Answers.Pod("b", "11")));
        Assert.Equal(["Modified a 10", "Deleted b 11"], await ToldAsync(2));

        Assert.Equal("10", _informer.Get(new ObjectKey("n", "a"))?.ResourceVersion());
        Assert.Null(_informer.Get(new ObjectKey("n", "b")));
        var watch = await _bench.Server.RequestAsync(Watch);
        Assert.Equal(("9", "true"), (watch.Query("resourceVersion"), watch.Query("allowWatchBookmarks")));
        Assert.InRange(int.Parse(watch.Query("timeoutSeconds")), 300, 600);
    }

    [Fact]
    public async Task A_watch_that_ends_goes_on_from_the_last_event_or_bookmark_without_a_list()
    {
        _bench.Server.On(List, Answers.Json(Answers.PodList("9", "")));
        var first = new WatchFeed().Send(Answers.Event("ADDED", Answers.Pod("a", "10"))).End();
        var second = new WatchFeed().Send(Answers.Bookmark("57")).End();
        _bench.Server.On(Watch, first.Answer, second.Answer, new WatchFeed().Answer);
        Start();

        Assert.Equal("10", (await _bench.Server.RequestAsync(Watch, 2)).Query("resourceVersion"));
        Assert.Equal("57", (await _bench.Server.RequestAsync(Watch, 3)).Query("resourceVersion"));
        Assert.Single(_bench.Server.Requests, each => each.Route == List);
    }

    [Fact]
    public async Task A_cut_in_the_middle_of_an_event_loses_nothing()
    {
        _bench.Server.On(List, Answers.Json(Answers.PodList("9", "")));
        var first = new WatchFeed()
            .Send(Answers.Event("ADDED", Answers.Pod("a", "10")))
            .SendRaw("""{"type":"ADDED","object":{"kind":"Pod",""");
        var second = new WatchFeed().Send(Answers.Event("ADDED", Answers.Pod("b", "11")));
        _bench.Server.On(Watch, first.Answer, second.Answer);
        Start();

        Assert.Equal(["Added a 10"], await ToldAsync(1));
        first.Cut();
        await RestAsync();

        Assert.Equal(["Added b 11"], await ToldAsync(1));
        Assert.Equal("10", (await _bench.Server.RequestAsync(Watch, 2)).Query("resourceVersion"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_happened_while_a_watch_was_too_old_is_found_by_comparing(bool inStream)
    {
        string a = Answers.PodItem("a", "1");
        string list = Answers.PodList("9", "", a, Answers.PodItem("b", "2"), Answers.PodItem("c", "3"));
        string later = Answers.PodList("99", "", a, Answers.PodItem("b", "50"), Answers.PodItem("d", "60"));
        _bench.Server.On(List, Answers.Json(list), Answers.Json(later));
        var expired = inStream
            ? new WatchFeed().Send(Answers.Expired()).Answer
            : Answers.Status(410, "Expired", "too old resource version: 9 (99)");
        _bench.Server.On(Watch, expired, new WatchFeed().Answer);
        Start();

        Assert.Equal(["Added a 1", "Added b 2", "Added c 3"], await ToldAsync(3));
        var changed = await _changes.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
        Assert.Equal(("Modified b 50", "2"), (Describe(changed), changed.Old?.ResourceVersion()));
        Assert.Equal(["Added d 60"], await ToldAsync(1));
        var missing = await _changes.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
        Assert.Equal(("Deleted c 3", true), (Describe(missing), missing.IsTombstone));
        Assert.Equal("99", (await _bench.Server.RequestAsync(Watch, 2)).Query("resourceVersion"));
        Assert.Equal("", (await _bench.Server.RequestAsync(List, 2)).Query("resourceVersion"));
    }

    [Fact]
    public async Task A_server_whose_every_watch_is_too_old_is_not_stormed()
    {
        _bench.Server.On(List, Answers.Json(Answers.PodList("9", "")));
        _bench.Server.On(Watch, Answers.Status(410, "Expired", "too old"));
        Start();

        await _bench.Server.RequestAsync(Watch, 2);
        await _bench.Time.WaitForTimerAsync(TimeSpan.FromSeconds(0.7), TimeSpan.FromSeconds(1.7));

        Assert.Equal(2, _bench.Server.Requests.Count(each => each.Route == List));
    }

    [Fact]
    public async Task An_object_that_was_replaced_by_another_of_its_name_is_deleted_and_added()
    {
        _bench.Server.On(List, Answers.Json(Answers.PodList("9", "", Answers.PodItem("a", "1"))));
        string another = Answers.Pod("a", "12").Replace("uid-a", "uid-other", StringComparison.Ordinal);
        _bench.Server.On(Watch, new WatchFeed().Send(Answers.Event("MODIFIED", another)).Answer);
        Start();

        Assert.Equal(["Added a 1", "Deleted a 1", "Added a 12"], await ToldAsync(3));
    }

    [Fact]
    public async Task A_failing_list_is_tried_again_and_later_each_time()
    {
        _bench.Server.On(
            List,
            Answers.Status(403, "Forbidden", "pods is forbidden"),
            Answers.Status(500, "InternalError", "no leader"),
            Answers.Json(Answers.PodList("9", "", Answers.PodItem("a", "1"))));
        _bench.Server.On(Watch, new WatchFeed().Answer);
        Start();

        await _bench.Server.RequestAsync(List);
        await RestAsync(0.8);
        await _bench.Server.RequestAsync(List, 2);
        Assert.False(_informer.Synced.IsCompleted);
        await RestAsync(1.6);

        Assert.Equal(["Added a 1"], await ToldAsync(1));
        await _informer.Synced.WaitAsync(Deadline);
    }

    [Fact]
    public async Task A_silent_connection_is_given_up_and_made_anew()
    {
        _bench.Server.On(List, Answers.Json(Answers.PodList("9", "", Answers.PodItem("a", "1"))));
        _bench.Server.On(
            Watch,
            new WatchFeed().Answer,
            new WatchFeed().Send(Answers.Event("MODIFIED", Answers.Pod("a", "10"))).Answer);
        Start();
        Assert.Equal(["Added a 1"], await ToldAsync(1));
        var watch = await _bench.Server.RequestAsync(Watch);

        var idle = TimeSpan.FromSeconds(int.Parse(watch.Query("timeoutSeconds")) + 30);
        await _bench.Time.WaitForTimerAsync(idle - TimeSpan.FromSeconds(2), idle + TimeSpan.FromSeconds(2));
        _bench.Time.Advance(idle + TimeSpan.FromSeconds(2));
        Assert.True(_informer.SinceContact > TimeSpan.FromMinutes(5));
        await RestAsync();

        Assert.Equal(["Modified a 10"], await ToldAsync(1));
        Assert.True(_informer.SinceContact < TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Objects_are_found_by_index_as_they_change()
    {
        _bench.Server.On(List, Answers.Json(Answers.PodList("9", "", Answers.PodItem("a", "1"))));
        var feed = new WatchFeed();
        _bench.Server.On(Watch, feed.Answer);
        Start(new InformerOptions { Namespaces = ["n"] }, informer =>
            informer.AddIndex("version", pod => [pod.ResourceVersion()!, "any"]));

        await ToldAsync(1);
        Assert.Equal("a", _informer.ByIndex("version", "1").Single().Name());
        feed.Send(Answers.Event("ADDED", Answers.Pod("b", "10")), Answers.Event("MODIFIED", Answers.Pod("a", "11")));
        await ToldAsync(2);

        Assert.Empty(_informer.ByIndex("version", "1"));
        Assert.Equal("a", _informer.ByIndex("version", "11").Single().Name());
        Assert.Equal(2, _informer.ByIndex("version", "any").Count);
        feed.Send(Answers.Event("DELETED", Answers.Pod("a", "12")));
        await ToldAsync(1);
        Assert.Equal("b", _informer.ByIndex("version", "any").Single().Name());
    }

    [Fact]
    public async Task Several_namespaces_are_one_cache_that_is_synced_when_all_are()
    {
        var other = new TaskCompletionSource();
        _bench.Server.On(List, Answers.Json(Answers.PodList("9", "", Answers.PodItem("a", "1"))));
        _bench.Server.On("GET /api/v1/namespaces/m/pods", async context =>
        {
            await other.Task;
            string pod = Answers.PodItem("b", "5").Replace("\"n\"", "\"m\"", StringComparison.Ordinal);
            await Answers.Json(Answers.PodList("8", "", pod))(context);
        });
        _bench.Server.On(Watch, new WatchFeed().Answer);
        _bench.Server.On("WATCH /api/v1/namespaces/m/pods", new WatchFeed().Answer);
        Start(new InformerOptions { Namespaces = ["n", "m"] });

        await ToldAsync(1);
        Assert.False(_informer.Synced.IsCompleted);
        other.SetResult();
        await _informer.Synced.WaitAsync(Deadline);

        Assert.Equal(2, _informer.List().Count);
        Assert.NotNull(_informer.Get(new ObjectKey("m", "b")));
    }

    [Fact]
    public async Task All_objects_are_shown_again_from_time_to_time()
    {
        _bench.Server.On(List, Answers.Json(Answers.PodList("9", "", Answers.PodItem("a", "1"))));
        _bench.Server.On(Watch, new WatchFeed().Answer);
        Start(new InformerOptions { Namespaces = ["n"], ResyncEvery = TimeSpan.FromSeconds(100) });
        await ToldAsync(1);
        await _bench.Time.WaitForTimerAsync(TimeSpan.FromSeconds(85), TimeSpan.FromSeconds(111));

        _bench.Time.Advance(TimeSpan.FromSeconds(111));

        var again = await _changes.Reader.ReadAsync().AsTask().WaitAsync(Deadline);
        Assert.Equal(("Modified a 1", true), (Describe(again), again.IsResync));
    }

    [Fact]
    public async Task A_listener_that_fails_does_not_silence_the_others()
    {
        _bench.Server.On(
            List, Answers.Json(Answers.PodList("9", "", Answers.PodItem("a", "1"), Answers.PodItem("b", "2"))));
        _bench.Server.On(Watch, new WatchFeed().Answer);
        Start(new InformerOptions { Namespaces = ["n"] }, informer =>
            informer.OnChange(_ => throw new InvalidOperationException("bad listener")));

        Assert.Equal(["Added a 1", "Added b 2"], await ToldAsync(2));
    }

    private void Start(InformerOptions? options = null, Action<Informer<V1Pod>>? prepare = null)
    {
        options ??= new InformerOptions { Namespaces = ["n"] };
        _informer = new Informer<V1Pod>(_bench.Client, options, _bench.Metrics, NullLogger.Instance, _bench.Time);
        prepare?.Invoke(_informer);
        _informer.OnChange(change => Assert.True(_changes.Writer.TryWrite(change)));
        _bench.Running = _informer.RunAsync(_bench.Stop);
    }

    /// <summary>Lets a pause after a failure pass, of which at least so much is expected.</summary>
    private async Task RestAsync(double leastSeconds = 0.8)
    {
        await _bench.Time.WaitForTimerAsync(
            TimeSpan.FromSeconds(leastSeconds), TimeSpan.FromSeconds(leastSeconds * 2.01));
        _bench.Time.Advance(TimeSpan.FromSeconds(leastSeconds * 2.01));
    }

    private async Task<List<string>> ToldAsync(int count)
    {
        List<string> told = [];
        while (told.Count < count)
            told.Add(Describe(await _changes.Reader.ReadAsync().AsTask().WaitAsync(Deadline)));
        return told;
    }

    private static string Describe(EntityChange<V1Pod> change) =>
        $"{change.Type} {change.New.Name()} {change.New.ResourceVersion()}";
}
