using Authpb;
using Etcdserverpb;
using Kv.Node.Tests.Store;
using Kv.Raft;
using Kv.Replication;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Replication;

/// <summary>Whole directories of real etcd members, lone ones and of clusters: their logs, applied by ours, must make
/// what etcd made of them.</summary>
public sealed class RecordedMemberTests
{
    private static readonly RealDisk Disk = new();
    private static readonly LogOptions Options = new();

    /// <summary>Lone members and the three of each cluster, all with the answers of the etcd that wrote them.</summary>
    public static TheoryData<string> All => [.. Archives(static _ => true)];

    /// <summary>The log of the third begins with a snapshot that its leader sent.</summary>
    public static TheoryData<string> WithWholeLog =>
        [.. Archives(static archive => archive != "3.7.1-clustersnap-m3")];

    public static TheoryData<string> Clusters =>
        [.. Archives(IsOfCluster).Select(archive => archive[..^"-m1".Length]).Distinct()];

    [Theory]
    [MemberData(nameof(All))]
    public void A_member_of_etcd_opens_as_it_was(string archive)
    {
        using var recorded = RecordedMember.Of(archive);
        using TempDirectory unpacked = Fixture.Unpack(archive);
        var files = new MemberFiles(unpacked[$"{recorded.Name}.etcd"]);
        LogSummary? summary = MemberLog.Find(Disk, files);
        Assert.NotNull(summary);
        using var member = SteppedMember.Open(Disk, files, summary, Options);

        Assert.Equal(recorded.MemberId, member.Opened.Contents.Metadata.NodeId);
        Assert.Equal(recorded.ClusterId, member.Opened.Contents.Metadata.ClusterId);
        Assert.Equal(recorded.Conf, member.Opened.State.Conf);
        Assert.Null(member.Store.Members.Downgrade);
        Check(recorded, member, archive);
    }

    /// <summary>The page file is taken away and the log applied from its first entry on. What comes out must be what
    /// etcd had, to the byte: Maintenance.Hash covers all buckets.</summary>
    [Theory]
    [MemberData(nameof(WithWholeLog))]
    public void A_log_of_etcd_applied_from_its_beginning_makes_the_same_store(string archive)
    {
        using var recorded = RecordedMember.Of(archive);
        using TempDirectory unpacked = Fixture.Unpack(archive);
        var files = new MemberFiles(unpacked[$"{recorded.Name}.etcd"]);
        File.Delete(files.PageFile);
        using var member = SteppedMember.Open(Disk, files, LogReader.Summarize(Disk, files.Log), Options);
        Check(recorded, member, archive);
    }

    /// <summary>The page file ends anywhere in the log, as after a crash of a member that had not committed lately, and
    /// is brought up: nothing is left out, and nothing applied twice.</summary>
    [Theory]
    [Seeds(8)]
    public void A_page_file_of_any_age_is_brought_up_from_the_log(int seed)
    {
        const string Archive = "3.5.30-cluster-m2";
        const int Founders = 3;
        var random = new Random(seed);
        using var recorded = RecordedMember.Of(Archive);
        using TempDirectory unpacked = Fixture.Unpack(Archive);
        var files = new MemberFiles(unpacked["m2.etcd"]);
        LogSummary summary = LogReader.Summarize(Disk, files.Log);
        File.Delete(files.PageFile);

        ulong applied = Founders;
        while (applied < summary.State.Commit)
        {
            applied = Math.Min(applied + (ulong)random.Next(1, 120), summary.State.Commit);
            using var aged = SteppedMember.Open(Disk, files, summary, Options, last: applied);
            Assert.Equal(applied, aged.Store.Backend.ConsistentIndex);
            aged.Commit();
        }

        using var member = SteppedMember.Open(Disk, files, summary, Options);
        Check(recorded, member, Archive);
    }

    /// <summary>It logged the password itself; the members of today store nothing but its hash.</summary>
    [Fact]
    public void A_password_in_a_log_of_etcd_3_4_is_hashed()
    {
        using TempDirectory unpacked = Fixture.Unpack("3.4.23-auth");
        var files = new MemberFiles(unpacked["m1.etcd"]);
        File.Delete(files.PageFile);
        using var member = SteppedMember.Open(Disk, files, LogReader.Summarize(Disk, files.Log), Options);
        foreach (string name in (string[])["root", "alice"])
        {
            Assert.True(member.Store.Auth.TryGetUser(name, out User? user));
            Assert.True(BCrypt.Net.BCrypt.Verify(name + "pw", user.Password.ToStringUtf8()));
        }
    }

    [Theory]
    [MemberData(nameof(Clusters))]
    public void The_members_of_a_cluster_have_equal_hashes_at_every_revision(string cluster)
    {
        string[] hashes = [.. Enumerable.Range(1, 3).Select(number => Hashes($"{cluster}-m{number}"))];
        Assert.Equal(hashes[0], hashes[1]);
        Assert.Equal(hashes[0], hashes[2]);
    }

    /// <summary>Else the tests above would show nothing about the requests that etcd 3.5 writes in the way of its
    /// former store.</summary>
    [Theory]
    [InlineData("3.4.23-clean", 3)]
    [InlineData("3.5.30-cluster-m1", 4)]
    [InlineData("3.5.30-clean", 2)]
    [InlineData("3.6.13-clean", 0)]
    public void Old_members_log_requests_to_the_store_of_version_2(string archive, int atLeast)
    {
        using TempDirectory unpacked = Fixture.Unpack(archive);
        LogContents log = LogReader.Read(Disk, unpacked["m1.etcd/member/wal"], default);
        string[] paths =
        [
            .. log.Entries.Where(entry => entry.Type == (int)EntryType.Normal && !IsFramed(entry.Data.Span))
                .Select(entry => Request.Parser.ParseFrom(entry.Data.Span).Path),
        ];
        Assert.True(paths.Length >= atLeast && (atLeast > 0 || paths.Length == 0), string.Join('\n', paths));
        Assert.Equal(atLeast > 0, paths.Contains("/0/version"));
        Assert.Equal(atLeast > 0, paths.Any(path => path.EndsWith("/attributes", StringComparison.Ordinal)));
    }

    private static bool IsFramed(ReadOnlySpan<byte> entry) =>
        entry.IsEmpty || (LoggedRequest.TryParse(entry, out LoggedRequest request) && request.Field != 0);

    private static void Check(RecordedMember recorded, SteppedMember member, string archive)
    {
        Assert.Equal(recorded.Revision, member.Store.Kv.CurrentRevision);
        recorded.CheckKeys(member.Store.Kv, recorded.Revision);
        recorded.CheckBooks(member.Store);
        Assert.Equal(archive[..3] + ".0", member.Store.Members.Version);
        Assert.All(recorded.Removed, id => Assert.True(member.Store.Members.IsRemoved(id), $"{id:x}"));
        member.Commit();
        if (!archive.StartsWith("3.4", StringComparison.Ordinal)) // it deletes one row more in a compaction
            recorded.CheckHash(member.Store.Backend);
    }

    private static string Hashes(string archive)
    {
        using var recorded = RecordedMember.Of(archive);
        using TempDirectory unpacked = Fixture.Unpack(archive);
        var files = new MemberFiles(unpacked[$"{recorded.Name}.etcd"]);
        using var member = SteppedMember.Open(Disk, files, LogReader.Summarize(Disk, files.Log), Options);
        MvccStore store = member.Store.Kv;
        var lines = new List<string>();
        for (long revision = store.CompactRevision; revision <= store.CurrentRevision; revision++)
        {
            Assert.Equal(KvError.None, store.HashKv(revision, out KeyValueHash hash));
            lines.Add($"{revision}: {hash}");
        }

        return string.Join('\n', lines);
    }

    private static bool IsOfCluster(string archive) => archive.Contains("-cluster", StringComparison.Ordinal);

    private static IEnumerable<string> Archives(Func<string, bool> isWanted) => Fixture.Archives.Where(archive =>
        !archive.Contains("damaged", StringComparison.Ordinal)
        && !archive.EndsWith("segments", StringComparison.Ordinal)
        && isWanted(archive));
}
