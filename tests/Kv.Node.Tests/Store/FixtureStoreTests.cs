using System.Text.Json;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Storage;
using Kv.Storage.Pages;
using Kv.Store;
using Kv.Testing;

namespace Kv.Node.Tests.Store;

/// <summary>Page files written by real etcd servers, against what those servers answered.</summary>
public sealed class FixtureStoreTests
{
    private static readonly string[] Versions = ["3.4.23", "3.5.30", "3.6.13", "3.7.1"];

    public static TheoryData<string> Members =>
    [
        .. Fixture.Archives.Where(archive =>
            !archive.Contains("damaged", StringComparison.Ordinal)
            && !archive.EndsWith("segments", StringComparison.Ordinal)),
    ];

    public static TheoryData<string> Snapshots => [.. Versions];

    [Theory]
    [MemberData(nameof(Members))]
    public void A_member_of_etcd_is_read_as_it_was(string archive)
    {
        using var recorded = RecordedMember.Of(archive);
        using TempDirectory unpacked = Fixture.Unpack(archive);
        using var world = new World(unpacked[$"{recorded.Name}.etcd/member/snap/db"]);

        // Killed members had entries in their log that were not in the page file.
        bool isWhole = !archive.EndsWith("killed", StringComparison.Ordinal);
        long current = world.Store.CurrentRevision;
        Assert.InRange(current, 1, recorded.Revision);
        recorded.CheckKeys(world.Store, current);
        if (!isWhole)
            return;

        Assert.Equal(recorded.Revision, current);
        Assert.Equal(recorded.MaintenanceHash, world.Hash());
        recorded.CheckAttached(world.Leases.Attached);
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
            before = RecordedMember.RangeAll(world.Store, last);
            Assert.Equal(KvError.None, world.Store.Put(Some.Put("new", "value").ToByteArray(), default, null));
            Assert.Equal(KvError.None, world.Store.Compact(last));
            world.Settle();
        }

        using (var world = new World(path))
        {
            Assert.Equal(last + 1, world.Store.CurrentRevision);
            Assert.Equal(last, world.Store.CompactRevision);
            Assert.Equal(before.Kvs, RecordedMember.RangeAll(world.Store, last).Kvs);
            Assert.Equal(before.Count + 1, RecordedMember.RangeAll(world.Store, 0).Count);
        }
    }

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
