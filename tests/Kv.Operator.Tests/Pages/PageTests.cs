using System.Net;
using System.Text.RegularExpressions;
using Kv.Operator.Api;
using Kv.Operator.Pages;

namespace Kv.Operator.Tests.Pages;

/// <summary>What is written of a scene.</summary>
public sealed partial class PageTests
{
    private static readonly string[] WithoutEnd = ["meta", "link", "br", "path", "circle"];

    public static TheoryData<string> Scenes => [.. PageScenes.All.Keys];

    /// <summary>Each is looked at in a browser, and a picture is made of it.</summary>
    [Fact]
    public void Every_state_has_a_scene_of_its_own()
    {
        IEnumerable<ClusterState> shown = PageScenes.All.Values.Select(each => each.Scene.Clusters)
            .Where(clusters => clusters.Count == 1).Select(clusters => ClusterStates.Of(clusters[0]));

        Assert.Equal(Enum.GetValues<ClusterState>(), shown.Distinct().Order());
    }

    [Theory]
    [MemberData(nameof(Scenes))]
    public void Each_scene_is_told_in_markup_that_is_closed_and_whose_ids_are_unique(string name)
    {
        (PageScene scene, string says) = PageScenes.All[name];
        string html = Write(scene);

        Assert.Contains(says, WebUtility.HtmlDecode(html), StringComparison.Ordinal);
        Assert.Empty(Unclosed(html));
        string[] ids = [.. Ids().Matches(html).Select(match => match.Groups[1].Value)];
        Assert.Equal(ids.Distinct(), ids);
    }

    [Theory]
    [MemberData(nameof(Scenes))]
    public void Tables_have_a_caption_and_heads_for_columns_and_rows(string name)
    {
        string html = Write(PageScenes.All[name].Scene);

        int tables = Count(html, "<table>");
        Assert.Equal(tables, Count(html, "<caption>"));
        Assert.Equal(tables, Count(html, "<thead>"));
        Assert.Equal(Count(html, "<tr>") - tables, Count(html, """<th scope="row">"""));
        Assert.Equal(Count(html, "<th "), Count(html, """<th scope=" """.Trim()));
    }

    /// <summary>There is no markup in the page but what the program writes: every text of the hostile cluster comes out
    /// as text, cut where it is too long.</summary>
    [Fact]
    public void Text_of_objects_never_becomes_markup()
    {
        string html = Write(PageScenes.All["hostile"].Scene);

        Assert.DoesNotContain("<img", html, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(1, Count(html, "<script"));
        Assert.Equal(1, Count(html, "<style"));
        Assert.DoesNotContain("\"'>", html, StringComparison.Ordinal);
        Assert.Contains("&quot;&#39;&gt;&lt;img src=x", html, StringComparison.Ordinal);
        Assert.DoesNotContain(new string('x', Markup.Builder.TextMax), html, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_being_done_and_why_is_told()
    {
        string degraded = Write(PageScenes.All["degraded"].Scene);
        string upgrade = Write(PageScenes.All["upgrade"].Scene);
        string adoption = Write(PageScenes.All["adoption"].Scene);

        Assert.Contains("<strong>Repairing</strong>", degraded, StringComparison.Ordinal);
        Assert.Contains("Waiting for demo-2 to serve after its restart.", degraded, StringComparison.Ordinal);
        Assert.Contains("<code>MemberDown</code>", degraded, StringComparison.Ordinal);
        Assert.Contains("Alarm NoSpace", degraded, StringComparison.Ordinal);
        Assert.Contains("1 of 3 members", upgrade, StringComparison.Ordinal);
        Assert.Contains("AwaitingFinalize", adoption, StringComparison.Ordinal);
        Assert.Contains("http://old-1.example:2380", adoption, StringComparison.Ordinal);
    }

    [Fact]
    public void A_snapshot_under_way_comes_first_and_others_of_the_namespace_are_not_shown()
    {
        PageScene scene = PageScenes.All["snapshot"].Scene;
        V1KvSnapshot foreign = PageScenes.Running("another");
        string html = Write(scene with { Snapshots = [foreign, .. scene.Snapshots] });

        string[] rows = [.. Rows().Matches(html).Select(match => match.Groups[1].Value)];
        Assert.Equal(["nightly-8", "nightly-7", "nightly-6"], rows.Where(row => row.StartsWith('n')));
        Assert.Contains("431 MiB", html, StringComparison.Ordinal);
        Assert.Contains("no space left on device", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Who_is_in_trouble_comes_first_and_the_rest_is_counted()
    {
        V1KvCluster[] clusters =
        [
            .. Enumerable.Range(0, PageView.ClustersMax + 5).Select(number => PageScenes.Healthy($"a{number}")),
            PageScenes.WithoutQuorum(PageScenes.Healthy("z")),
        ];
        var view = PageView.Of(new PageScene { Clusters = clusters });

        Assert.Equal("data/z", view.Parts[1].Id);
        Assert.Equal(PageView.ClustersMax + 1, view.Parts.Count);
        Assert.Contains("6 more, none of them worse, are not shown", view.Write().ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Before_the_caches_are_filled_nobody_is_told_that_there_is_nothing()
    {
        string html = Write(new PageScene { AreCachesFilled = false });

        Assert.Contains("have not been read yet", html, StringComparison.Ordinal);
        Assert.DoesNotContain("There are no clusters yet", html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("True", "True", "False", "Running", ClusterState.Healthy)]
    [InlineData("False", "True", "True", "Unavailable", ClusterState.Down)]
    [InlineData("False", "True", "False", "Forming", ClusterState.Working)]
    [InlineData("True", "False", "True", "Invalid", ClusterState.Invalid)]
    [InlineData("True", "True", "True", "Repairing", ClusterState.Degraded)]
    public void One_word_stands_for_the_conditions(
        string available, string valid, string degraded, string phase, ClusterState state)
    {
        V1KvCluster cluster = PageScenes.Healthy("demo");
        PageScenes.Set(cluster, "Available", available, "R");
        PageScenes.Set(cluster, "SpecValid", valid, "R");
        PageScenes.Set(cluster, "Degraded", degraded, "R");
        if (state != ClusterState.Healthy)
            PageScenes.Set(cluster, "Ready", "False", "R");
        cluster.Status.Phase = phase;

        Assert.Equal(state, ClusterStates.Of(cluster));
    }

    [Fact]
    public void A_part_has_another_mark_exactly_when_it_says_something_else()
    {
        var before = PageView.Of(PageScenes.Of(PageScenes.Healthy("demo")));
        var same = PageView.Of(PageScenes.Of(PageScenes.Healthy("demo")));
        var after = PageView.Of(PageScenes.Of(PageScenes.Degraded(PageScenes.Healthy("demo"))));

        Assert.Equal(before.Parts.Select(part => part.Mark), same.Parts.Select(part => part.Mark));
        Assert.NotEqual(before.Parts[1].Mark, after.Parts[1].Mark);
    }

    private static string Write(PageScene scene) => PageView.Of(scene).Write().ToString();

    private static int Count(string html, string part) => html.Split(part).Length - 1;

    /// <summary>Elements that are not closed, or closed out of turn.</summary>
    private static List<string> Unclosed(string html)
    {
        string body = Assets().Replace(html, "");
        var open = new Stack<string>();
        var faults = new List<string>();
        foreach (Match match in Tags().Matches(body))
        {
            string name = match.Groups[2].Value;
            if (match.Groups[1].Value == "/")
            {
                if (!open.TryPop(out string? last) || last != name)
                    faults.Add($"</{name}> after <{last}>");
            }
            else if (!WithoutEnd.Contains(name))
            {
                open.Push(name);
            }
        }

        return [.. faults, .. open];
    }

    [GeneratedRegex("<(/?)([a-z][a-z0-9]*)")]
    private static partial Regex Tags();

    [GeneratedRegex(" id=\"([^\"]*)\"")]
    private static partial Regex Ids();

    [GeneratedRegex("<th scope=\"row\">([^<]*)")]
    private static partial Regex Rows();

    [GeneratedRegex("(?s)<(style|script)>.*?</(style|script)>")]
    private static partial Regex Assets();
}
