using Etcdserverpb;
using Google.Protobuf;
using Kv.Storage;
using Kv.Store;

namespace Kv.Node.Tests.Apply;

/// <summary>Requests that etcd 3.5 and older log in the way of their former store: bare, or in field 2.</summary>
public sealed class OldRequestTests : IDisposable
{
    private const ulong Member = 0x7b20ddaaa6ec27f7;
    private const string Path = "/0/members/7b20ddaaa6ec27f7/attributes";
    private const string Attributes = """{"name":"m1","clientURLs":["http://a:1","http://b:1"]}""";

    private readonly AppliedWorld _world = new();

    public OldRequestTests() => Assert.Equal(
        KvError.None,
        _world.Store.Members.Apply(MemberChange.AddVoter, Member, """{"id":1,"peerURLs":["http://p:1"]}"""u8));

    public static TheoryData<bool> Forms => [false, true];

    public void Dispose() => _world.Dispose();

    [Theory]
    [MemberData(nameof(Forms))]
    public void What_a_member_says_of_itself_is_stored(bool isFramed)
    {
        Assert.Equal(KvError.None, Apply("PUT", Path, Attributes, isFramed));
        Check();
        _world.Restart();
        Check();

        void Check()
        {
            ClusterMember said = Assert.Single(_world.Store.Members.Members);
            Assert.Equal(("m1", false), (said.Name, said.IsLearner));
            Assert.Equal(["http://a:1", "http://b:1"], said.ClientUrls);
            Assert.Equal(["http://p:1"], said.PeerUrls);
        }
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public void The_version_of_the_cluster_is_stored(bool isFramed)
    {
        Assert.Equal(KvError.None, Apply("PUT", "/0/version", "3.5.0", isFramed));
        Assert.Equal("3.5.0", _world.Store.Members.Version);
        _world.Restart();
        Assert.Equal("3.5.0", _world.Store.Members.Version);
    }

    /// <summary>Reads, waiting clients' syncs, keys of the former store, and members that are gone or never
    /// were.</summary>
    [Theory]
    [InlineData("QGET", "/0/version", "3.6.0")]
    [InlineData("DELETE", "/0/version", "")]
    [InlineData("POST", "/0/version", "3.6.0")]
    [InlineData("SYNC", "", "")]
    [InlineData("PUT", "/1/key", "value")]
    [InlineData("PUT", "/0/versions", "3.6.0")]
    [InlineData("PUT", "/0/members/8/attributes", Attributes)]
    [InlineData("PUT", "/0/members/x/attributes", Attributes)]
    [InlineData("PUT", "/0/members/7b20ddaaa6ec27f7/raftAttributes", Attributes)]
    [InlineData("PUT", "/0/members/7b20ddaaa6ec27f7/attributes/name", Attributes)]
    [InlineData("DELETE", Path, "")]
    public void All_others_change_nothing(string method, string path, string value)
    {
        string before = Picture();
        foreach (bool isFramed in (bool[])[false, true])
            Assert.Equal(KvError.None, Apply(method, path, value, isFramed));
        Assert.Equal(before, Picture());
    }

    [Theory]
    [InlineData("/0/version", "three")]
    [InlineData("/0/version", "")]
    [InlineData(Path, "no JSON")]
    [InlineData(Path, """{"name":1}""")]
    public void One_that_no_etcd_logs_is_told_by_its_entry(string path, string value)
    {
        foreach (bool isFramed in (bool[])[false, true])
        {
            CorruptDataException damage =
                Assert.Throws<CorruptDataException>(() => Apply("PUT", path, value, isFramed));
            Assert.Equal($"log, entry {_world.Index}", damage.Place);
            Assert.Contains("restore a snapshot", damage.Finding, StringComparison.Ordinal);
        }
    }

    /// <summary>Neither a frame nor an old request.</summary>
    [Theory]
    [InlineData("ff")]
    [InlineData("0a05")]
    [InlineData("220aff")]
    [InlineData("42022aff")]
    public void Bytes_that_are_no_request_are_told_by_their_entry(string entry)
    {
        CorruptDataException damage =
            Assert.Throws<CorruptDataException>(() => _world.ApplyEntry(Convert.FromHexString(entry)));
        Assert.Equal($"log, entry {_world.Index}", damage.Place);
        Assert.StartsWith("it holds no request", damage.Finding, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("3.5")]
    [InlineData("new")]
    public void A_version_that_is_none_is_told_by_its_entry(string version)
    {
        var set = new InternalRaftRequest { ClusterVersionSet = new() { Ver = version } };
        var downgrade = new InternalRaftRequest { DowngradeInfoSet = new() { Enabled = true, Ver = version } };
        Assert.Throws<CorruptDataException>(() => _world.Apply(set));
        Assert.Throws<CorruptDataException>(() => _world.Apply(downgrade));

        downgrade.DowngradeInfoSet.Enabled = false;
        Assert.Equal(KvError.None, _world.Apply(downgrade));
    }

    private string Picture() => string.Join('\n', _world.Store.Members.Members)
        + _world.Store.Members.Version + _world.Store.Kv.CurrentRevision;

    // As gogo's encoder has it: every number is written, zero or not. Field 8 alone is a pointer, and is not.
    private KvError Apply(string method, string path, string value, bool isFramed)
    {
        var stream = new MemoryStream();
        using var output = new CodedOutputStream(stream);
        output.WriteRawTag(0x08);
        output.WriteUInt64(0x1234_5678_9abc);
        foreach ((byte tag, string text) in (ReadOnlySpan<(byte, string)>)[(0x12, method), (0x1a, path), (0x22, value)])
        {
            output.WriteRawTag(tag);
            output.WriteString(text);
        }

        output.Flush();
        stream.Write(Convert.FromHexString("2800320038004800500058006000680070007800800100"));
        byte[] bare = stream.ToArray();
        return _world.ApplyEntry(
            isFramed ? new InternalRaftRequest { V2 = Request.Parser.ParseFrom(bare) }.ToByteArray() : bare);
    }
}
