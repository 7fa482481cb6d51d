using Kv.Testing;

namespace Kv.Node.Tests.Disk;

public sealed class FixtureTests
{
    [Fact]
    public void Archives_unpack_with_their_holes()
    {
        using TempDirectory unpacked = Fixture.Unpack("3.5.30-clean");
        string[] segments = Directory.GetFiles(unpacked["m1.etcd/member/wal"], "*.wal");
        Assert.Equal(64_000_000, new FileInfo(Assert.Single(segments)).Length);
        Assert.True(File.Exists(unpacked["m1.etcd/member/snap/db"]));
    }

    [Fact]
    public void Snapshots_and_expectations_are_at_hand()
    {
        using TempDirectory snapshot = Fixture.Decompress("3.5.30-snapshot.db");
        Assert.Equal(32, new FileInfo(snapshot["3.5.30-snapshot.db"]).Length % 512);
        Assert.True(Fixture.Json("3.5.30-expected").RootElement.TryGetProperty("variants", out _));
        Assert.Contains("3.5.30-clean", Fixture.Archives);
    }
}
