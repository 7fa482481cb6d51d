using System.Text;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Node.Tests.Leases;
using Kv.Replication;
using Kv.Storage;
using Kv.Storage.Log;
using Kv.Store;
using Kv.Store.Leases;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

/// <summary>The page file has no checksums, so a row may hold anything. Whoever reads one that cannot be what a member
/// wrote must say which and how to proceed, and nothing else may come of it.</summary>
public sealed class DamagedRowTests
{
    private const string Member = """{"id":7,"peerURLs":["http://a:1"],"name":"a"}""";

    // Field 1 of 9 bytes, of which two are there.
    private static readonly byte[] CutMessage = [0x0a, 0x09, 0x61, 0x61];

    // The number of all bits but that of the sign.
    private static readonly byte[] Forever = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f];

    private static readonly StoreBucket[] SmallBuckets =
    [
        StoreBucket.Meta, StoreBucket.Lease, StoreBucket.Alarm, StoreBucket.Members, StoreBucket.MembersRemoved,
        StoreBucket.Cluster, StoreBucket.Auth, StoreBucket.AuthUsers, StoreBucket.AuthRoles,
    ];

    /// <summary>Bucket, key, value, and what is said of it; null where the row is sound.</summary>
    public static TheoryData<StoreBucket, byte[], byte[], string?> Rows => new()
    {
        { StoreBucket.Alarm, Alarm(), [], null },
        { StoreBucket.Alarm, CutMessage, [], "it holds no AlarmMember" },
        { StoreBucket.Members, Text("7"), Text(Member), null },
        { StoreBucket.Members, Text("7"), Text(""), "it holds no member" },
        { StoreBucket.Members, Text("7"), Text(Member[..^1]), "it holds no member" },
        { StoreBucket.Members, Text("7"), Text(Member + "}"), "it holds no member" },
        { StoreBucket.Members, Text("7"), Text("[7]"), "it holds no member" },
        { StoreBucket.Members, Text("7"), Text("""{"id":"7"}"""), "it holds no member" },
        { StoreBucket.Members, Text("7"), Text("""{"id":-7}"""), "it holds no member" },
        { StoreBucket.Members, Text("7"), Text("""{"id":7,"peerURLs":"http://a:1"}"""), "it holds no member" },
        { StoreBucket.Members, Text("7"), Text("""{"id":7,"peerURLs":[1]}"""), "it holds no member" },
        { StoreBucket.Members, Text("7"), Text("""{"id":7,"isLearner":"yes"}"""), "it holds no member" },
        { StoreBucket.Members, Text("7"), [.. "{\"id\":7,\"name\":\""u8, 0xff, .. "\"}"u8], "it holds no member" },
        { StoreBucket.Members, Text("8"), Text(Member), "member 7 lies under another id" },
        { StoreBucket.Members, Text("07"), Text(Member), "the key is no id of a member" },
        { StoreBucket.Members, Text("x"), Text(Member), "the key is no id of a member" },
        { StoreBucket.MembersRemoved, Text("8"), Text("removed"), null },
        { StoreBucket.MembersRemoved, Text("10000000000000008"), Text("removed"), "the key is no id of a member" },
        { StoreBucket.MembersRemoved, [0xff, 0x00], Text("removed"), "the key is no id of a member" },
        { StoreBucket.Cluster, Text("clusterVersion"), Text("3.5.0"), null },
        { StoreBucket.Cluster, Text("clusterVersion"), Text("3.5"), "\"3.5\" is no version" },
        { StoreBucket.Cluster, Text("clusterVersion"), Text(""), "\"\" is no version" },
        { StoreBucket.Cluster, Text("downgrade"), Text("""{"target-version":"3.5.0","enabled":true}"""), null },
        { StoreBucket.Cluster, Text("downgrade"), Text("""{"target-version":"","enabled":false}"""), null },
        { StoreBucket.Cluster, Text("downgrade"), Text("""{"enabled":true}"""), "\"\" is no version" },
        { StoreBucket.Cluster, Text("downgrade"), Text("""{"enabled":1}"""), "it tells of no downgrade" },
        { StoreBucket.Cluster, Text("downgrade"), Text("true"), "it tells of no downgrade" },
        { StoreBucket.Cluster, Text("downgrade"), Text("{"), "it tells of no downgrade" },
        { StoreBucket.Auth, Text("authEnabled"), [1], null },
        { StoreBucket.Auth, Text("authEnabled"), [3], "neither 0 nor 1: 03" },
        { StoreBucket.Auth, Text("authEnabled"), [], "neither 0 nor 1: " },
        { StoreBucket.Auth, Text("authRevision"), [0, 0, 0, 0, 0, 0, 0, 2], null },
        { StoreBucket.Auth, Text("authRevision"), [2], "a number takes 8 bytes, not 1" },
        { StoreBucket.AuthUsers, Text("a"), [0x0a, 0x01, (byte)'a'], null },
        { StoreBucket.AuthUsers, Text("a"), CutMessage, "it holds no User" },
        { StoreBucket.AuthUsers, Text("b"), [0x0a, 0x01, (byte)'a'], "\"a\" lies under another name" },
        { StoreBucket.AuthRoles, Text("a"), [0x0a, 0x01, (byte)'a'], null },
        { StoreBucket.AuthRoles, Text("a"), CutMessage, "it holds no Role" },
        { StoreBucket.AuthRoles, Text("b"), [0x0a, 0x01, (byte)'a'], "\"a\" lies under another name" },
        { StoreBucket.Lease, [0, 0, 0, 0, 0, 0, 0, 5], [0x08, 0x05], null },
        { StoreBucket.Lease, [0, 0, 0, 0, 0, 0, 0, 5], CutMessage, "it holds no Lease" },
        { StoreBucket.Lease, [0, 0, 0, 0, 0, 0, 0, 4], [0x08, 0x05], "lease 5 lies under another id" },
        { StoreBucket.Lease, [0, 0, 0, 0, 0, 0, 0, 5], [0x08, 0x05, 0x10, .. Forever], "lease 5 would live longer" },
        { StoreBucket.Lease, [0, 0, 0, 0, 0, 0, 0, 5], [0x08, 0x05, 0x18, .. Forever], "lease 5 would live longer" },
        { StoreBucket.Lease, [5], [0x08, 0x05], "lease 5 lies under another id" },
        { StoreBucket.Meta, Text("confState"), Text("""{"voters":[7],"auto_leave":false}"""), null },
        { StoreBucket.Meta, Text("confState"), Text("""{"voters":null}"""), "it names no voter" },
        { StoreBucket.Meta, Text("confState"), Text("""{"voters":[-7]}"""), "it holds no membership" },
        { StoreBucket.Meta, Text("confState"), Text("""{"voters":7}"""), "it holds no membership" },
        { StoreBucket.Meta, Text("confState"), Text("""{"voters":[7],"auto_leave":0}"""), "it holds no membership" },
        { StoreBucket.Meta, Text("confState"), Text("""{"voters":[7]"""), "it holds no membership" },
        { StoreBucket.Meta, Text("consistent_index"), [1, 2], "a number takes 8 bytes, not 2" },
        { StoreBucket.Meta, Text("term"), [], "a number takes 8 bytes, not 0" },
        { StoreBucket.Meta, Text("scheduledCompactRev"), [1, 2], "the value is no revision" },
        { StoreBucket.Meta, Text("finishedCompactRev"), [], "the value is no revision" },
    };

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_row_that_cannot_be_is_told_with_its_place_and_a_remedy(
        StoreBucket bucket, byte[] key, byte[] value, string? finding)
    {
        using var disk = new BackendOnDisk();
        disk.Backend.Put(bucket, key, value);
        if (finding is null)
        {
            OpenAll(disk);
            return;
        }

        CorruptDataException damage = Assert.Throws<CorruptDataException>(() => OpenAll(disk));
        string name = char.ToLowerInvariant(bucket.ToString()[0]) + bucket.ToString()[1..];
        if (bucket == StoreBucket.MembersRemoved)
            name = "members_removed";
        string text = key.All(letter => letter is > (byte)' ' and < 0x7f)
            ? Encoding.ASCII.GetString(key)
            : "0x" + Convert.ToHexStringLower(key);
        Assert.Equal($"{disk.Path}, bucket {name}, key {text}", damage.Place);
        Assert.StartsWith(finding, damage.Finding, StringComparison.Ordinal);
        Assert.Contains("; in a cluster, remove this member", damage.Finding, StringComparison.Ordinal);
    }

    /// <summary>A bit is flipped, or the end cut off, in each row that a real etcd wrote: it is read as something else,
    /// or told, and there is no third way.</summary>
    [Theory]
    [Seeds(4)]
    public void No_damage_of_a_row_surprises_its_reader(int seed)
    {
        var random = new Random(seed);
        using var disk = BackendOnDisk.OfFixture("3.7.1-cluster-m1");
        int told = 0;
        foreach (StoreBucket bucket in SmallBuckets)
        {
            var rows = new List<(byte[] Key, byte[] Value)>();
            disk.Backend.ForEach(bucket, (key, value) => rows.Add((key.ToArray(), value.ToArray())));
            foreach ((byte[] key, byte[] value) in rows)
            {
                for (int turn = 0; turn < 40; turn++)
                {
                    byte[] damaged = Damage(value, random);
                    disk.Backend.Put(bucket, key, damaged);
                    told += IsTold(disk, $"{bucket} {Convert.ToHexString(key)} = {Convert.ToHexString(damaged)}");
                }

                disk.Backend.Put(bucket, key, value);
            }

            disk.Reopen(); // the rows are whole again; what piles up beside the file would have to be read each time
        }

        Assert.True(told > 50, $"Only {told} of the damages were noticed.");
    }

    private static int IsTold(BackendOnDisk disk, string what)
    {
        try
        {
            OpenBooks(disk.Backend);
            return 0;
        }
        catch (CorruptDataException)
        {
            return 1;
        }
        catch (Exception surprise)
        {
            Assert.Fail($"{what}: {surprise}");
            throw;
        }
    }

    private static byte[] Damage(byte[] value, Random random)
    {
        byte[] damaged = [.. value];
        if (damaged.Length == 0)
            return [(byte)random.Next(256)];
        if (random.Next(5) == 0)
            return damaged[..random.Next(damaged.Length)];
        damaged[random.Next(damaged.Length)] ^= (byte)(1 << random.Next(8));
        return damaged;
    }

    private static void OpenAll(BackendOnDisk disk)
    {
        disk.Reopen();
        OpenBooks(disk.Backend);
    }

    private static void OpenBooks(Backend backend)
    {
        var leases = new LeaseBook(backend, ttlMin: 1);
        _ = MvccStore.Open(backend, leases, new ManualLane());
        _ = new AlarmBook(backend);
        _ = new MemberBook(backend, learnersMax: 1);
        _ = new AuthBook(backend);
        _ = ConfStates.AtApplied(NoLog(default), [], backend, applied: 0);

        // As in a directory of etcd 3.4: a snapshot that does not say who was there.
        _ = ConfStates.AtApplied(NoLog(new LogSnapshot(1, 1, null)), [], backend, applied: 1);
    }

    private static LogContents NoLog(LogSnapshot from) => new(
        default, default, from, Entries: [], Snapshots: [], FirstIndex: from.Index + 1, TornTail: null);

    private static byte[] Alarm() =>
        new AlarmMember { MemberID = 7, Alarm = AlarmType.Nospace }.ToByteArray();

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);
}
