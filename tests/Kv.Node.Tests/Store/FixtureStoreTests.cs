using System.Security.Cryptography;
using System.Text.Json;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Store;
using Kv.Testing;
using Mvccpb;

namespace Kv.Node.Tests.Store;

/// <summary>Page files written by real etcd servers, against what those servers answered.</summary>
public sealed class FixtureStoreTests
{
    private static readonly string[] Versions = ["3.4.23", "3.5.30", "3.6.13", "3.7.1"];

    public static TheoryData<string, string> Members
    {
        get
        {
            var members = new TheoryData<string, string>();
            foreach (string archive in Fixture.Archives)
            {
                if (archive.Contains("damaged", StringComparison.Ordinal) ||
                    archive.EndsWith("segments", StringComparison.Ordinal))
                {
                    continue;
                }

                members.Add(archive, archive.Contains("cluster", StringComparison.Ordinal) ? archive[^2..] : "m1");
            }

            return members;
        }
    }

    public static TheoryData<string> Snapshots => [.. Versions];

    [Theory]
    [MemberData(nameof(Members))]
    public void A_member_of_etcd_is_read_as_it_was(string archive, string member)
    {
        using TempDirectory unpacked = Fixture.Unpack(archive);
        using var world = new World(unpacked[$"{member}.etcd/member/snap/db"]);
        using JsonDocument document = Fixture.Json(ExpectedFile(archive));
        JsonElement expected = StateOf(document, archive, member);

        // Killed members had entries in their log that were not in the page file.
        bool isWhole = !archive.EndsWith("killed", StringComparison.Ordinal);
        long current = world.Store.CurrentRevision;
        Assert.InRange(current, 1, expected.GetProperty("revision").GetInt64());
        Assert.Equal(expected.GetProperty("compact_revision").GetInt64(), world.Store.CompactRevision);
        CheckHashes(world.Store, expected, current);
        CheckDumps(world.Store, expected, current);
        if (!isWhole)
            return;

        Assert.Equal(expected.GetProperty("revision").GetInt64(), current);
        Assert.Equal(expected.GetProperty("maintenance_hash").GetUInt32(), world.Hash());
        Assert.Equal(ExpectedLeases(expected), world.Leases.Attached.Order());
    }

    [Theory]
    [MemberData(nameof(Snapshots))]
    public void A_snapshot_of_etcd_is_read_as_it_was(string version)
    {
        using TempDirectory unpacked = Fixture.Decompress($"{version}-snapshot.db");
        using var world = new World(unpacked[$"{version}-snapshot.db"]);
        using JsonDocument document = Fixture.Json($"{version}-expected");
        JsonElement expected = document.RootElement.GetProperty("snapshot");

        Assert.Equal(expected.GetProperty("taken_at_revision").GetInt64(), world.Store.CurrentRevision);
        Assert.Equal(expected.GetProperty("maintenance_hash_when_taken").GetUInt32(), world.Hash());
        Assert.Equal(KvError.None, world.Store.HashKv(0, out KeyValueHash hash));
        Assert.Equal(expected.GetProperty("hashkv_when_taken").GetProperty("hash").GetUInt32(), hash.Hash);
    }

    /// <summary>What we write to etcd's file leaves what was there as it is, also after a compaction and a
    /// restart.</summary>
    [Theory]
    [MemberData(nameof(Snapshots))]
    public void A_member_of_etcd_goes_on_with_us(string version)
    {
        using TempDirectory unpacked = Fixture.Unpack($"{version}-clean");
        string path = unpacked["m1.etcd/member/snap/db"];
        RangeResponse before;
        long last;
        using (var world = new World(path))
        {
            last = world.Store.CurrentRevision;
            before = RangeAll(world.Store, last);
            Assert.Equal(KvError.None, world.Store.Put(Some.Put("new", "value").ToByteArray(), default, null));
            Assert.Equal(KvError.None, world.Store.Compact(last));
            world.Settle();
        }

        using (var world = new World(path))
        {
            Assert.Equal(last + 1, world.Store.CurrentRevision);
            Assert.Equal(last, world.Store.CompactRevision);
            Assert.Equal(before.Kvs, RangeAll(world.Store, last).Kvs);
            Assert.Equal(before.Count + 1, RangeAll(world.Store, 0).Count);
        }
    }

    private static string ExpectedFile(string archive)
    {
        string[] parts = archive.Split('-');
        return parts[1].StartsWith("cluster", StringComparison.Ordinal)
            ? $"{parts[0]}-{parts[1]}-expected"
            : $"{parts[0]}-expected";
    }

    private static JsonElement StateOf(JsonDocument document, string archive, string member)
    {
        JsonElement root = document.RootElement;
        return root.TryGetProperty("variants", out JsonElement variants)
            ? variants.GetProperty(archive.Split('-')[1]).GetProperty("after_restart")
            : root.GetProperty("after_restart").GetProperty(member);
    }

    private static void CheckHashes(MvccStore store, JsonElement expected, long current)
    {
        foreach (JsonElement asked in expected.GetProperty("hashkv").EnumerateArray())
        {
            long revision = asked.GetProperty("revision").GetInt64();
            KvError error = store.HashKv(revision, out KeyValueHash hash);
            if (asked.TryGetProperty("error", out _))
            {
                // 3.4 refused the compacted revision itself.
                if (revision != store.CompactRevision)
                    Assert.Equal(revision > current ? KvError.FutureRevision : KvError.Compacted, error);
                continue;
            }

            if (revision > current)
                continue;
            Assert.Equal(KvError.None, error);
            Assert.True(asked.GetProperty("hash").GetUInt32() == hash.Hash, $"hash at {revision}");
            Assert.Equal(asked.GetProperty("compact_revision").GetInt64(), hash.CompactRevision);
        }
    }

    private static void CheckDumps(MvccStore store, JsonElement expected, long current)
    {
        foreach (JsonElement dump in expected.GetProperty("dumps").EnumerateArray())
        {
            long revision = dump.GetProperty("revision").GetInt64();
            if (revision > current)
                continue;
            RangeResponse all = RangeAll(store, revision);
            Assert.Equal(dump.GetProperty("count").GetInt64(), all.Count);
            Assert.Equal(dump.GetProperty("kvs").EnumerateArray().Select(Describe), all.Kvs.Select(Describe));
        }
    }

    private static RangeResponse RangeAll(MvccStore store, long revision)
    {
        var request = new RangeRequest { Key = "\0".Bytes(), RangeEnd = "\0".Bytes(), Revision = revision };
        using RangeReply reply = store.Range(request.ToByteArray(), default);
        Assert.Equal(KvError.None, reply.Error);
        return RangeResponse.Parser.ParseFrom(StoreWorld.Copy(reply, 1000));
    }

    private static string Describe(JsonElement keyValue)
    {
        string value = keyValue.TryGetProperty("value_sha256", out JsonElement hash)
            ? hash.GetString()!
            : ShortOrHash(Convert.FromBase64String(keyValue.GetProperty("value").GetString()!));
        return $"{keyValue.GetProperty("key").GetString()} {keyValue.GetProperty("create_revision")} " +
            $"{keyValue.GetProperty("mod_revision")} {keyValue.GetProperty("version")} " +
            $"{keyValue.GetProperty("lease")} {value}";
    }

    private static string Describe(KeyValue keyValue) =>
        $"{keyValue.Key.ToBase64()} {keyValue.CreateRevision} {keyValue.ModRevision} {keyValue.Version} " +
        $"{keyValue.Lease} {ShortOrHash(keyValue.Value.ToByteArray())}";

    private static string ShortOrHash(byte[] value) =>
        value.Length <= 1024 ? Convert.ToBase64String(value) : Convert.ToHexStringLower(SHA256.HashData(value));

    private static IEnumerable<(long Lease, string Key)> ExpectedLeases(JsonElement expected) =>
        from lease in expected.GetProperty("leases").EnumerateArray()
        from key in lease.GetProperty("keys").EnumerateArray()
        let bytes = Convert.FromBase64String(key.GetString()!)
        let text = System.Text.Encoding.Latin1.GetString(bytes)
        orderby lease.GetProperty("id").GetInt64(), text
        select (lease.GetProperty("id").GetInt64(), text);

    private sealed class World : IDisposable
    {
        private readonly ManualLane _lane = new();

        public World(string path)
        {
            var options = new BackendOptions
            {
                CommitLane = _lane,
                Pages = new PageFileOptions { ReservedBytes = 64 << 20 },
            };
            Backend = Backend.Open(new RealDisk(), path, options);
            Backend.ForEach(StoreBucket.Lease, (key, _) =>
                Leases.Known.Add(System.Buffers.Binary.BinaryPrimitives.ReadInt64BigEndian(key)));
            Store = MvccStore.Open(Backend, Leases, _lane);
        }

        public SomeLeases Leases { get; } = new();

        public Backend Backend { get; }

        public MvccStore Store { get; }

        public uint Hash()
        {
            using ReadTransaction read = Backend.BeginRead();
            return BackendHash.Compute(read);
        }

        public void Settle()
        {
            Backend.ForceCommit();
            while (_lane.RunOne())
            {
            }

            Assert.True(Store.IsCompactionIdle);
        }

        public void Dispose() => Backend.Dispose();
    }
}
