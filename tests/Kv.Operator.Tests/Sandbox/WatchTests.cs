using System.Text.Json.Nodes;
using Kv.Sandbox.Client;
using Kv.Sandbox.Json;

namespace Kv.Operator.Tests.Sandbox;

/// <summary>Watches: all changes once and in order, each as the watcher's selector sees it.</summary>
public sealed class WatchTests(ApiServerFixture fixture) : IClassFixture<ApiServerFixture>
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private SandboxClient Client => fixture.Client;

    [Fact]
    public async Task A_watch_goes_on_where_a_list_ended()
    {
        string space = await StartAsync();
        await Client.CreateAsync(Widgets.In(space), Widgets.Of("a"));
        JsonObject list = await Client.GetAsync(Widgets.In(space));
        await Client.MergeAsync(Widgets.In(space, "a"), Parse("""{"spec":{"replicas":3}}"""));
        await Client.CreateAsync(Widgets.In(space), Widgets.Of("b"));
        await Client.DeleteAsync(Widgets.In(space, "a"));

        List<JsonObject> seen = await TakeAsync(
            $"{Widgets.In(space)}?watch=true&resourceVersion={list.Text("metadata", "resourceVersion")}", 3);

        Assert.Equal(["MODIFIED a", "ADDED b", "DELETED a"], seen.Select(Show));
        long[] versions = [.. seen.Select(VersionOf)];
        Assert.Equal(versions.Order(), versions);
    }

    [Fact]
    public async Task An_object_that_ceases_to_fit_is_deleted_for_that_watcher()
    {
        string space = await StartAsync();
        JsonObject widget = Widgets.Of("a");
        widget.Ensure("metadata")["labels"] = new JsonObject { ["in"] = "yes" };
        await Client.CreateAsync(Widgets.In(space), widget);
        string path = Widgets.In(space, "a");
        string query = $"{Widgets.In(space)}?watch=true&labelSelector=in%3Dyes&allowWatchBookmarks=true";
        await using IAsyncEnumerator<JsonObject> watch = Client.WatchAsync(query, Deadline()).GetAsyncEnumerator();

        Assert.True(await watch.MoveNextAsync());
        Assert.Equal("ADDED a", Show(watch.Current));
        JsonObject left = await Client.MergeAsync(path, Parse("""{"metadata":{"labels":{"in":"no"}}}"""));
        JsonObject gone = await NextAsync(watch);
        await Client.MergeAsync(path, Parse("""{"metadata":{"labels":{"in":"yes"}}}"""));
        JsonObject back = await NextAsync(watch);

        Assert.Equal(("DELETED a", "ADDED a"), (Show(gone), Show(back)));
        Assert.Equal(left.Text("metadata", "resourceVersion"), gone.Text("object", "metadata", "resourceVersion"));
        Assert.Equal("yes", gone.Text("object", "metadata", "labels", "in"));
    }

    [Fact]
    public async Task Bookmarks_tell_how_far_the_store_is()
    {
        string space = await StartAsync();
        JsonObject other = await Client.CreateAsync($"/api/v1/namespaces/{space}/configmaps", Parse(
            """{"metadata":{"name":"elsewhere"}}"""));
        string query = $"{Widgets.In(space)}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true"
            + "&resourceVersionMatch=NotOlderThan&resourceVersion=";

        List<JsonObject> seen = await TakeAsync(query, 2);

        Assert.All(seen, each => Assert.Equal("BOOKMARK", each.Text("type")));
        Assert.Equal("true", seen[0].Text("object", "metadata", "annotations", "k8s.io/initial-events-end"));
        Assert.True(VersionOf(seen[1]) >= long.Parse(other.Text("metadata", "resourceVersion")!, provider: null));
    }

    [Fact]
    public async Task What_was_compacted_is_gone_for_watches_and_pages()
    {
        string space = await StartAsync();
        JsonObject made = await Client.CreateAsync(Widgets.In(space), Widgets.Of("a"));
        await Client.CreateAsync(Widgets.In(space), Widgets.Of("b"));
        JsonObject page = await Client.GetAsync(Widgets.In(space) + "?limit=1");
        await Client.MergeAsync(Widgets.In(space, "a"), Parse("""{"spec":{"replicas":3}}"""));
        await fixture.Server.Parts.Store.CompactAsync(
            await fixture.Server.Parts.Store.GetRevisionAsync(CancellationToken.None), CancellationToken.None);

        string from = made.Text("metadata", "resourceVersion")!;
        JsonObject error = Assert.Single(await TakeAsync($"{Widgets.In(space)}?watch=true&resourceVersion={from}", 1));
        ApiFaultException fault = await Assert.ThrowsAsync<ApiFaultException>(() => Client.GetAsync(
            $"{Widgets.In(space)}?limit=1&continue={Uri.EscapeDataString(page.Text("metadata", "continue")!)}"));

        Assert.Equal("ERROR", error.Text("type"));
        Assert.Equal(410, error.Number("object", "code"));
        Assert.Equal((410, "Expired"), (fault.Code, fault.Reason));
    }

    [Fact]
    public async Task A_watch_ends_when_its_time_is_over()
    {
        string space = await StartAsync();

        List<JsonObject> seen = await TakeAsync($"{Widgets.In(space)}?watch=true&timeoutSeconds=1", 100);

        Assert.Empty(seen);
    }

    private async Task<List<JsonObject>> TakeAsync(string path, int count)
    {
        List<JsonObject> seen = [];
        await foreach (JsonObject each in Client.WatchAsync(path, Deadline()))
        {
            seen.Add(each);
            if (seen.Count == count)
                break;
        }

        return seen;
    }

    private static async Task<JsonObject> NextAsync(IAsyncEnumerator<JsonObject> watch)
    {
        while (await watch.MoveNextAsync())
        {
            if (watch.Current.Text("type") != "BOOKMARK")
                return watch.Current;
        }

        throw new InvalidOperationException("The watch has ended.");
    }

    private static CancellationToken Deadline() => new CancellationTokenSource(Patience).Token;

    private static JsonObject Parse(string json) => JsonFields.ParseObject(json);

    private static string Show(JsonObject each) => $"{each.Text("type")} {each.Text("object", "metadata", "name")}";

    private static long VersionOf(JsonObject each) =>
        long.Parse(each.Text("object", "metadata", "resourceVersion")!, provider: null);

    private async Task<string> StartAsync()
    {
        await Widgets.DefineAsync(Client);
        return await fixture.NamespaceAsync();
    }
}
