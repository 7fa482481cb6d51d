using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Node.Tests.Leases;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Membership;

public sealed class MemberBookTests : IDisposable
{
    private readonly BackendOnDisk _disk = new();

    public static TheoryData<string, string> Fixtures => new()
    {
        { "3.4.23-clean", "m1" }, { "3.5.30-clean", "m1" }, { "3.6.13-clean", "m1" }, { "3.7.1-clean", "m1" },
        { "3.5.30-cluster-m1", "m1" }, { "3.7.1-cluster-m1", "m1" }, { "3.7.1-cluster-m2", "m2" },
        { "3.7.1-clustersnap-m3", "m3" },
    };

    public void Dispose() => _disk.Dispose();

    [Theory]
    [MemberData(nameof(Fixtures))]
    public void Reads_the_members_that_etcd_stored_and_writes_them_back_to_the_byte(string fixture, string member)
    {
        using var disk = BackendOnDisk.OfFixture(fixture, member);
        var book = new MemberBook(disk.Backend, learnersMax: 1);
        IEnumerable<string> expected = Expected(fixture, member).GetProperty("members").EnumerateArray()
            .Select(one => one.Deserialize<JsonObject>()!)
            .Select(one => $"{one["ID"]!["hex"]} {one["name"]} {(bool?)one["isLearner"] ?? false} " +
                $"{one["peerURLs"]!.ToJsonString()} {one["clientURLs"]?.ToJsonString() ?? "[]"}");
        Assert.Equal(expected, book.Members.Select(Describe));

        int compared = 0;
        disk.Backend.ForEach(StoreBucket.Members, (key, value) =>
        {
            ulong id = MemberJson.Decode(value, out _).Id;
            ClusterMember stored = book.Members.Single(one => one.Id == id);
            Assert.Equal(Encoding.UTF8.GetString(key), MemberIds.ToText(stored.Id));
            Assert.Equal(Encoding.UTF8.GetString(value), Encoding.UTF8.GetString(MemberJson.Encode(stored)));
            compared++;
        });
        Assert.Equal(book.Members.Count, compared);
    }

    [Fact]
    public void What_etcd_removed_and_agreed_on_is_read_too()
    {
        using var disk = BackendOnDisk.OfFixture("3.7.1-cluster-m1");
        var book = new MemberBook(disk.Backend, learnersMax: 1);
        Assert.True(book.IsRemoved(0x3a61c40baf4c086e));
        Assert.False(book.IsRemoved(0x3a61c40baf4c086f));
        Assert.Equal("3.7.0", book.Version);
        Assert.Null(book.Downgrade);
    }

    /// <summary>The newest snapshot file of the fixture was written with the same members. How the nodes are numbered
    /// is of no account.</summary>
    [Fact]
    public void Snapshot_files_get_the_tree_that_etcd_writes()
    {
        using var disk = BackendOnDisk.OfFixture("3.7.1-cluster-m1");
        using TempDirectory files = Fixture.Unpack("3.7.1-cluster-m1");
        string newest = Directory.EnumerateFiles(files["m1.etcd/member/snap"], "*.snap").Max()!;
        byte[] file = File.ReadAllBytes(newest);
        int start = file.AsSpan().IndexOf("{\"Root\""u8);
        var reader = new Utf8JsonReader(file.AsSpan(start));
        JsonNode expected = JsonNode.Parse(ref reader)!;
        JsonNode written = JsonNode.Parse(new MemberBook(disk.Backend, learnersMax: 1).ToV2StoreJson())!;
        Assert.Equal(WithoutNumbers(expected["Root"]!), WithoutNumbers(written["Root"]!));
        Assert.Equal(
            expected["Stats"]!.AsObject().Select(count => count.Key),
            written["Stats"]!.AsObject().Select(count => count.Key));
    }

    [Fact]
    public void All_is_there_again_after_a_restart()
    {
        var book = new MemberBook(_disk.Backend, learnersMax: 1);
        Add(book, 1, """{"id":1,"peerURLs":["http://a:1"],"name":"a"}""");
        Add(book, 2, """{"id":2,"peerURLs":["http://b:1"]}""");
        Assert.Equal(KvError.None, book.Apply(MemberChange.Remove, 2, []));
        book.SetAttributes(1, "\"é", ["http://a:2"]);
        book.SetAttributes(2, "gone", []);
        book.SetVersion("3.6.0");
        book.SetDowngrade("3.5.0");

        _disk.Reopen();
        book = new MemberBook(_disk.Backend, learnersMax: 1);
        Assert.Equal("1 \"é False [\"http://a:1\"] [\"http://a:2\"]", Describe(Assert.Single(book.Members)));
        Assert.True(book.IsRemoved(2));
        Assert.Equal("3.6.0", book.Version);
        Assert.Equal("3.5.0", book.Downgrade);
        Assert.True(_disk.Backend.TryGet(StoreBucket.Cluster, "downgrade"u8, out byte[] downgrade));
        Assert.Equal("""{"target-version":"3.5.0","enabled":true}""", Encoding.UTF8.GetString(downgrade));
        Assert.True(_disk.Backend.TryGet(StoreBucket.MembersRemoved, "2"u8, out byte[] removed));
        Assert.Equal("removed", Encoding.UTF8.GetString(removed));
    }

    [Theory]
    [InlineData("3.7.0", "3.6.0", "3.6.0")]
    [InlineData("3.7.0", "3.5.0", null)] // which does not write it down
    [InlineData("3.6.0", "3.5.0", null)]
    [InlineData("3.6.0", "3.6.0", "3.6.0")]
    [InlineData("3.6.0", "3.7.0", "3.6.0")]
    [InlineData(null, "3.5.0", null)]
    [InlineData(null, "3.7.0", null)]
    public void Files_go_back_to_an_older_format_with_the_cluster(string? before, string version, string? after)
    {
        if (before is not null)
            _disk.Backend.Put(StoreBucket.Meta, "storageVersion"u8, Encoding.ASCII.GetBytes(before));
        var book = new MemberBook(_disk.Backend, learnersMax: 1);
        book.SetVersion(version);
        bool isThere = _disk.Backend.TryGet(StoreBucket.Meta, "storageVersion"u8, out byte[] stored);
        Assert.Equal(after, isThere ? Encoding.ASCII.GetString(stored) : null);
    }

    private static void Add(MemberBook book, ulong id, string json) =>
        Assert.Equal(KvError.None, book.Apply(MemberChange.AddVoter, id, Encoding.UTF8.GetBytes(json)));

    private static JsonElement Expected(string fixture, string member)
    {
        string[] parts = fixture.Split('-');
        string file = parts.Length == 2 ? parts[0] : $"{parts[0]}-{parts[1]}";
        JsonElement root = Fixture.Json($"{file}-expected").RootElement;
        return parts.Length == 2
            ? root.GetProperty("variants").GetProperty(parts[1]).GetProperty("after_restart")
            : root.GetProperty("before_stop").GetProperty(member);
    }

    private static string WithoutNumbers(JsonNode node)
    {
        node["CreatedIndex"] = 0;
        node["ModifiedIndex"] = 0;
        foreach ((_, JsonNode? child) in node["Children"]?.AsObject() ?? [])
            WithoutNumbers(child!);
        return node.ToJsonString();
    }

    private static string Describe(ClusterMember member) =>
        $"{MemberIds.ToText(member.Id)} {member.Name} {member.IsLearner} " +
        $"{Plain(member.PeerUrls)} {Plain(member.ClientUrls)}";

    private static string Plain(IReadOnlyList<string> urls) => JsonSerializer.Serialize(urls);
}
