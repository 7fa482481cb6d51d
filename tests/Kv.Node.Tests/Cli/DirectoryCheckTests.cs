using System.Text.Json;
using Kv.Storage;
using Kv.Testing;

namespace Kv.Node.Tests.Cli;

/// <summary>Of each injury that was done to a data directory of etcd's, <c>kv-node check</c> says what and
/// where.</summary>
public sealed class DirectoryCheckTests
{
    [Theory]
    [InlineData("3.4.23-clean")]
    [InlineData("3.5.30-killed")]
    [InlineData("3.6.13-auth")]
    [InlineData("3.7.1-clustersnap-m3")]
    public void Sound_directories_are_called_sound(string name)
    {
        (int exit, JsonElement[] findings) = Check(name);

        Assert.Equal(0, exit);
        Assert.All(findings, finding => Assert.False(finding.GetProperty("damage").GetBoolean()));
    }

    [Theory]
    [InlineData("db-flip-element-pos", "member/snap/db", "")]
    [InlineData("db-flip-page-flags", "member/snap/db", "page ")]
    [InlineData("db-meta-both", "member/snap/db", "")]
    [InlineData("db-meta0", "member/snap/db, page 0", "meta page")]
    [InlineData("db-meta1", "member/snap/db, page 1", "meta page")]
    [InlineData("db-missing", "member/snap/db", "missing")]
    [InlineData("db-truncated", "member/snap/db", "")]
    [InlineData("wal-flip-entry", "member/wal/", "")]
    [InlineData("wal-flip-length", "member/wal/", "")]
    [InlineData("wal-missing", "member/wal", "no log here")]
    [InlineData("wal-zero-middle-sector", "member/wal/", "")]
    public void Damage_is_found_and_placed(string injury, string place, string finding)
    {
        (int exit, JsonElement[] findings) = Check($"3.5.30-damaged-{injury}");

        Assert.Equal(1, exit);
        Assert.Contains(
            findings,
            each => each.GetProperty("damage").GetBoolean()
                && each.GetProperty("place").GetString()!.Contains(place, StringComparison.Ordinal)
                && each.ToString().Contains(finding, StringComparison.Ordinal));
    }

    /// <summary>The end of the log was lost, and with it entries that the page file has taken in: etcd starts on
    /// this.</summary>
    [Fact]
    public void A_page_file_ahead_of_its_log_is_damage()
    {
        using TempDirectory older = Fixture.Unpack("3.5.30-clean");
        using TempDirectory newer = Fixture.Unpack("3.5.30-auth");
        string data = older["m1.etcd"];
        File.Copy(
            Path.Combine(newer["m1.etcd"], "member/snap/db"), Path.Combine(data, "member/snap/db"), overwrite: true);

        (int exit, string output, _) = NodeCommandsTests.Run("check", "--data-dir", data);

        Assert.Equal(1, exit);
        Assert.Contains("but the page file has taken in entry", output);
        Assert.Contains("kv-node snapshot restore", output);
    }

    [Fact]
    public void A_directory_in_use_is_left_alone()
    {
        using TempDirectory directory = Fixture.Unpack("3.5.30-clean");
        string data = directory["m1.etcd"];
        using IFile held = new RealDisk().Open(Path.Combine(data, "member/snap/db"), FileAccessMode.ReadWrite);
        Assert.True(held.TryLock());

        (int exit, _, string error) = NodeCommandsTests.Run("check", "--data-dir", data);

        Assert.Equal(1, exit);
        Assert.Contains("in use by another process", error);
    }

    private static (int Exit, JsonElement[] Findings) Check(string name)
    {
        using TempDirectory directory = Fixture.Unpack(name);
        string data = Directory.GetDirectories(directory.Path, "*.etcd").Single();
        (int exit, string output, string error) = NodeCommandsTests.Run("check", "--data-dir", data, "-w", "json");
        Assert.Equal("", error);
        return (exit, [.. JsonDocument.Parse(output).RootElement.EnumerateArray()]);
    }
}
