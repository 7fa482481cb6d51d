using System.Security.Cryptography;
using System.Text.Json;
using Etcdserverpb;
using Kv.Node.Tests.Cli;
using Kv.Server.Cli;
using Kv.Storage;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Snapshots;

/// <summary>Of a snapshot that a real etcd made.</summary>
public sealed class SnapshotTakeTests : IAsyncLifetime
{
    private const string Name = "3.5.30-snapshot.db";

    private readonly TempDirectory _made = Fixture.Decompress(Name);
    private readonly TempDirectory _folder = new();
    private SnapshotServer _member = null!;
    private SnapshotServer _other = null!;

    private string Target => _folder["kept/one.db"];

    [Fact]
    public void A_snapshot_is_proven_and_put_in_its_place()
    {
        (int exit, string output, string error) = Take("me");

        Assert.Equal((0, ""), (exit, error));
        JsonElement answer = JsonDocument.Parse(output).RootElement;
        byte[] kept = File.ReadAllBytes(Target);
        Assert.Equal(_member.File, kept);
        Assert.True(answer.GetProperty("verified").GetBoolean());
        Assert.Equal(kept.Length, answer.GetProperty("size").GetInt64());
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(kept)), answer.GetProperty("sha256").GetString());
        Assert.Equal(_member.HashAnswer!.HashRevision, answer.GetProperty("revision").GetInt64());
        Assert.Equal(output.Trim(), File.ReadAllText(_folder["message"]));
        Assert.Equal(["kept", "message"], Directory.EnumerateFileSystemEntries(_folder.Path)
            .Select(each => Path.GetFileName(each)).Order());
    }

    [Fact]
    public void The_same_owner_finds_what_an_earlier_attempt_has_left_and_another_is_refused()
    {
        string first = Take("me").Output;
        Assert.Equal(1, _member.SnapshotCount + _other.SnapshotCount);

        (int exit, string output, _) = Take("me");
        Assert.Equal(0, exit);
        Assert.Equal(1, _member.SnapshotCount + _other.SnapshotCount);
        Assert.Equal(
            JsonDocument.Parse(first).RootElement.GetProperty("sha256").GetString(),
            JsonDocument.Parse(output).RootElement.GetProperty("sha256").GetString());

        (exit, _, string error) = Take("somebody-else");
        Assert.Equal(1, exit);
        Assert.Contains("belongs to me", error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_follower_is_asked_before_the_leader_and_a_learner_never()
    {
        _other.Told.Header.MemberId = 2;
        Take("me");
        Assert.Equal((0, 1), (_member.SnapshotCount, _other.SnapshotCount));

        _other.Told.IsLearner = true;
        Delete("me");
        Take("me");
        Assert.Equal((1, 1), (_member.SnapshotCount, _other.SnapshotCount));
    }

    [Fact]
    public void A_member_that_is_behind_or_corrupt_or_without_a_leader_is_not_asked()
    {
        _member.Told.RaftIndex = 5000;
        _other.Told.Errors.Add("memberID:1 alarm:CORRUPT");

        (int exit, _, string error) = Take("me");

        Assert.Equal(1, exit);
        Assert.Contains("is 4990 entries behind", error, StringComparison.Ordinal);
        Assert.Contains("has the alarm CORRUPT", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Members_of_different_clusters_are_told_apart()
    {
        _other.Told.Header.ClusterId = 0xD;

        Assert.Contains("different clusters", Take("me").Error, StringComparison.Ordinal);
    }

    [Fact]
    public void A_bit_that_changed_on_the_way_is_noticed_and_nothing_is_kept()
    {
        foreach (SnapshotServer server in new[] { _member, _other })
            server.File[20_000] ^= 1;

        (int exit, _, string error) = Take("me");

        Assert.Equal(1, exit);
        Assert.Contains("expected sha256", error, StringComparison.Ordinal);
        Assert.Contains("expected sha256", File.ReadAllText(_folder["message"]), StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder["kept"]));
    }

    [Fact]
    public void A_history_that_differs_from_another_members_is_refused()
    {
        _other.HashAnswer = new HashKVResponse(_other.HashAnswer) { Hash = _other.HashAnswer!.Hash + 1 };
        _member.HashAnswer = _other.HashAnswer;

        (int exit, _, string error) = Take("me");

        Assert.Equal(1, exit);
        Assert.Contains("one of them is damaged", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void Without_a_history_to_compare_with_it_is_tried_anew_and_then_given_up()
    {
        _member.HashAnswer = null;
        _other.HashAnswer = null;

        (int exit, _, string error) = Take("me");

        Assert.Equal(1, exit);
        Assert.Equal(5, _member.SnapshotCount + _other.SnapshotCount);
        Assert.Contains("can be compared with no member's", error, StringComparison.Ordinal);
        Assert.False(File.Exists(Target));
    }

    [Fact]
    public void A_member_that_breaks_off_is_followed_by_another()
    {
        foreach (SnapshotServer server in new[] { _member, _other })
            (server.BreaksAfter, server.BreakCount) = (100_000, 1);

        Assert.Equal(0, Take("me").Exit);
        Assert.Equal(3, _member.SnapshotCount + _other.SnapshotCount);
    }

    [Fact]
    public void Where_nobody_answers_it_is_told()
    {
        (int exit, _, string error) = NodeCommandsTests.Run(
            "snapshot", "take", "--endpoints", "http://127.0.0.1:1", "--to", $"file://{Target}", "--owner", "me");

        Assert.Equal((1, "Error: no member answers at http://127.0.0.1:1/\n"), (exit, error));
    }

    public async ValueTask InitializeAsync()
    {
        string file = _made[Name];
        KeyValueHash hash = HistoryHash.Compute(new RealDisk(), file, revision: 0);
        _member = Member(file, hash);
        _other = Member(file, hash);
        await _member.StartAsync();
        await _other.StartAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _member.DisposeAsync();
        await _other.DisposeAsync();
        _made.Dispose();
        _folder.Dispose();
    }

    private static SnapshotServer Member(string file, KeyValueHash hash) => new()
    {
        File = File.ReadAllBytes(file),
        HashAnswer = new HashKVResponse
        {
            Hash = hash.Hash,
            CompactRevision = hash.CompactRevision,
            HashRevision = hash.Revision,
        },
    };

    private (int Exit, string Output, string Error) Take(string owner) => NodeCommandsTests.Run(
        "snapshot", "take", "--endpoints", $"{_member.Address},{_other.Address}", "--to", $"file://{Target}",
        "--owner", owner, "--scratch", _folder.Path, "--message-file", _folder["message"]);

    private void Delete(string owner) => Assert.Equal(0, NodeCommandsTests.Run(
        "snapshot", "delete", "--at", $"file://{Target}", "--owner", owner).Exit);
}
