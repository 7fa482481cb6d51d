using System.Text.Json;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Membership;

public sealed class MemberIdsTests
{
    [Theory]
    [InlineData("3.4.23")]
    [InlineData("3.5.30")]
    [InlineData("3.6.13")]
    [InlineData("3.7.1")]
    public void A_lone_member_has_the_ids_that_etcd_gave_it(string version)
    {
        using JsonDocument expected = Fixture.Json($"{version}-expected");
        JsonElement root = expected.RootElement;
        string token = root.GetProperty("initial_cluster_token").GetString()!;
        ulong id = MemberIds.OfMember([root.GetProperty("peer_url").GetString()!], token);

        JsonElement state = root.GetProperty("variants").GetProperty("clean").GetProperty("after_restart");
        Assert.Equal(Id(state, "member_id"), id);
        Assert.Equal(Id(state, "cluster_id"), MemberIds.OfCluster([id]));
    }

    [Theory]
    [InlineData("3.5.30-cluster")]
    [InlineData("3.7.1-cluster")]
    public void Members_that_bootstrap_together_find_the_ids_that_etcd_gave_them(string name)
    {
        using JsonDocument expected = Fixture.Json($"{name}-expected");
        var ids = new Dictionary<string, ulong>();
        foreach ((string member, int port) in ((string, int)[])[("m1", 25101), ("m2", 25103), ("m3", 25105)])
            ids.Add(member, MemberIds.OfMember([$"http://127.0.0.1:{port}"], "fixture-token"));
        foreach ((string member, ulong id) in ids)
        {
            JsonElement state = expected.RootElement.GetProperty("before_stop").GetProperty(member);
            Assert.Equal(Id(state, "member_id"), id);
            Assert.Equal(Id(state, "cluster_id"), MemberIds.OfCluster(ids.Values));
        }
    }

    /// <summary>The lone member whose answers are recorded in tests/fixtures/wire.</summary>
    [Fact]
    public void The_recorded_member_has_its_ids()
    {
        ulong member = MemberIds.OfMember(["http://127.0.0.1:26001"], "golden");
        Assert.Equal(16896469237725768638ul, member);
        Assert.Equal(6855046809123960998ul, MemberIds.OfCluster([member]));
        Assert.Equal("5f2204c0d88238a6", MemberIds.ToText(MemberIds.OfCluster([member])));
    }

    /// <summary>Recorded with 3.5.30, 3.6.13 and 3.7.1.</summary>
    [Theory]
    [InlineData("http://127.0.0.1:26224", 1795353457, 13481219039856744061)]
    [InlineData("http://127.0.0.1:26324", 1795353375, 17159067066961589343)]
    [InlineData("http://127.0.0.1:26124", 1795353267, 3654675734065411252)]
    public void A_member_that_was_added_has_an_id_from_its_url_and_the_time(string url, long seconds, ulong id) =>
        Assert.Equal(id, MemberIds.OfMember([url], "", DateTimeOffset.FromUnixTimeSeconds(seconds)));

    [Fact]
    public void The_order_of_urls_does_not_matter() => Assert.Equal(
        MemberIds.OfMember(["http://b:1", "http://a:1"], "t"),
        MemberIds.OfMember(["http://a:1", "http://b:1"], "t"));

    private static ulong Id(JsonElement state, string name) => state.GetProperty(name).GetProperty("dec").GetUInt64();
}
