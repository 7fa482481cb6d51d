using System.Security.Cryptography;
using System.Text.Json;
using Authpb;
using Etcdserverpb;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Kv.Raft;
using Kv.Storage.Pages;
using Kv.Store;
using Kv.Store.Leases;
using Kv.Testing;
using Mvccpb;

namespace Kv.Node.Tests.Store;

/// <summary>What a real etcd told of its store, when it was started on the archived directory, to be compared with what
/// ours makes of the same files.</summary>
internal sealed class RecordedMember : IDisposable
{
    private readonly JsonDocument _document;
    private readonly JsonElement _told;
    private readonly JsonElement _variant;

    private RecordedMember(JsonDocument document, JsonElement variant, JsonElement told, string name)
    {
        _document = document;
        _told = told;
        _variant = variant;
        Name = name;
    }

    /// <summary>As m1: its directory in the archive is m1.etcd.</summary>
    public string Name { get; }

    public long Revision => _told.GetProperty("revision").GetInt64();

    public long CompactRevision => _told.GetProperty("compact_revision").GetInt64();

    public uint MaintenanceHash => _told.GetProperty("maintenance_hash").GetUInt32();

    public ulong MemberId => Id(_told.GetProperty("member_id"));

    public ulong ClusterId => Id(_told.GetProperty("cluster_id"));

    /// <summary>Voters and learners, as the list of members has them.</summary>
    public ConfState Conf => ConfState.Empty with
    {
        Voters = [.. Members.Where(one => !IsLearner(one)).Select(one => new NodeId(Id(one.GetProperty("ID"))))],
        Learners = [.. Members.Where(IsLearner).Select(one => new NodeId(Id(one.GetProperty("ID"))))],
    };

    /// <summary>Who joined the cluster and left it again.</summary>
    public IEnumerable<ulong> Removed =>
        _variant.TryGetProperty("member_changes", out JsonElement changes)
            ? changes.EnumerateArray()
                .Where(change => change.GetProperty("op").GetString() == "remove")
                .Select(change => Id(change.GetProperty("id")))
            : [];

    private IEnumerable<JsonElement> Members => _told.GetProperty("members").EnumerateArray();

    /// <summary>Archives are named version-variant, or version-cluster-member.</summary>
    public static RecordedMember Of(string archive)
    {
        string[] parts = archive.Split('-');
        bool isCluster = parts.Length == 3;
        JsonDocument document = Fixture.Json(isCluster ? $"{parts[0]}-{parts[1]}-expected" : $"{parts[0]}-expected");
        JsonElement root = document.RootElement;
        if (isCluster)
        {
            return new RecordedMember(
                document, root, root.GetProperty("after_restart").GetProperty(parts[2]), parts[2]);
        }

        JsonElement variant = root.GetProperty("variants").GetProperty(parts[1]);
        return new RecordedMember(document, variant, variant.GetProperty("after_restart"), "m1");
    }

    public static RangeResponse RangeAll(MvccStore store, long revision)
    {
        var request = new RangeRequest { Key = "\0".Bytes(), RangeEnd = "\0".Bytes(), Revision = revision };
        using RangeReply reply = store.Range(request.ToByteArray(), default);
        Assert.Equal(KvError.None, reply.Error);
        return RangeResponse.Parser.ParseFrom(StoreWorld.Copy(reply, 1000));
    }

    public void Dispose() => _document.Dispose();

    /// <summary>Compares keys and values at all recorded revisions up to <paramref name="current"/>, and their
    /// hashes.</summary>
    public void CheckKeys(MvccStore store, long current)
    {
        Assert.Equal(CompactRevision, store.CompactRevision);
        CheckHashes(store, current);
        foreach (JsonElement dump in _told.GetProperty("dumps").EnumerateArray())
        {
            long revision = dump.GetProperty("revision").GetInt64();
            if (revision > current)
                continue;
            RangeResponse all = RangeAll(store, revision);
            Assert.Equal(dump.GetProperty("count").GetInt64(), all.Count);
            Assert.Equal(
                dump.GetProperty("kvs").EnumerateArray().Select(DescribeKeyValue), all.Kvs.Select(DescribeKeyValue));
        }
    }

    /// <summary>Compares the keys that hang on leases.</summary>
    public void CheckAttached(IEnumerable<(long Lease, string Key)> attached) => Assert.Equal(
        from lease in _told.GetProperty("leases").EnumerateArray()
        from key in lease.GetProperty("keys").EnumerateArray()
        let bytes = Convert.FromBase64String(key.GetString()!)
        let text = System.Text.Encoding.Latin1.GetString(bytes)
        orderby lease.GetProperty("id").GetInt64(), text
        select (lease.GetProperty("id").GetInt64(), text),
        attached.Order());

    /// <summary>Compares all that is not keys and values.</summary>
    public void CheckBooks(StoreParts store)
    {
        CheckLeases(store.Leases);
        CheckMembers(store.Members);
        CheckAuth(store.Auth);
        Assert.Equal(
            _told.GetProperty("alarms").EnumerateArray()
                .Select(alarm => (Id(alarm.GetProperty("member_id")), alarm.GetProperty("alarm").GetString())),
            store.Alarms.Raised(AlarmType.None)
                .Select(alarm => (alarm.MemberID, (string?)alarm.Alarm.ToString().ToUpperInvariant())));
    }

    public void CheckHash(Backend backend)
    {
        using ReadTransaction read = backend.BeginRead();
        Assert.Equal(MaintenanceHash, BackendHash.Compute(read));
    }

    private void CheckHashes(MvccStore store, long current)
    {
        foreach (JsonElement asked in _told.GetProperty("hashkv").EnumerateArray())
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

            // A store that has just compacted remembers the hash from before, as etcd does until it is restarted.
            bool isRemembered = revision == CompactRevision && hash.CompactRevision < revision;
            if ((isRemembered ? BeforeCompaction(revision) : asked) is not { } told)
                continue; // not recorded
            Assert.True(told.GetProperty("hash").GetUInt32() == hash.Hash, $"hash at {revision}");
            Assert.Equal(told.GetProperty("compact_revision").GetInt64(), hash.CompactRevision);
        }
    }

    private JsonElement? BeforeCompaction(long revision) =>
        _variant.TryGetProperty("workload", out JsonElement workload)
            ? workload.GetProperty("hashkv_before_last_compaction").EnumerateArray()
                .Single(told => told.GetProperty("revision").GetInt64() == revision)
            : null;

    private void CheckLeases(LeaseBook leases)
    {
        JsonElement[] told = [.. _told.GetProperty("leases").EnumerateArray()];
        Assert.Equal(told.Length, leases.Count);
        foreach (JsonElement expected in told)
        {
            long id = expected.GetProperty("id").GetInt64();
            Assert.True(leases.TryFind(id, out Kv.Store.Leases.Lease? lease), $"lease {id:x} is missing");
            Assert.Equal(expected.GetProperty("granted_ttl").GetInt64(), lease.Ttl);
            Assert.True(leases.TryGetKeys(id, out byte[][]? keys));
            Assert.Equal(
                expected.GetProperty("keys").EnumerateArray().Select(key => key.GetString()).Order(),
                keys.Select(Convert.ToBase64String).Order());
        }
    }

    private void CheckMembers(MemberBook book) => Assert.Equal(
        Members.Select(one =>
            $"{Id(one.GetProperty("ID")):x} {Text(one, "name")} {IsLearner(one)} {List(one, "peerURLs")} "
            + List(one, "clientURLs")),
        book.Members.Select(one =>
            $"{one.Id:x} {one.Name} {one.IsLearner} {string.Join(' ', one.PeerUrls)} "
            + string.Join(' ', one.ClientUrls)));

    private void CheckAuth(AuthBook auth)
    {
        if (_told.TryGetProperty("auth", out JsonElement state))
        {
            Assert.Equal(state.GetProperty("enabled").GetBoolean(), auth.IsEnabled);
            Assert.Equal(state.GetProperty("auth_revision").GetUInt64(), auth.Revision);
        }

        Assert.Equal(
            _told.GetProperty("users").EnumerateArray().Select(user => $"{Text(user, "name")}: {List(user, "roles")}"),
            auth.UserNames.Select(name => $"{name}: {Roles(auth, name)}"));
        Assert.Equal(
            _told.GetProperty("roles").EnumerateArray().Select(Describe),
            auth.RoleNames.Select(name => Describe(auth, name)));
    }

    private static string Roles(AuthBook auth, string userName) =>
        auth.TryGetUser(userName, out User? user) ? string.Join(' ', user.Roles) : "";

    // The permission that 3.7 tells of the root role is not stored.
    private static string Describe(JsonElement role) => Text(role, "name") == AuthBook.Root
        ? AuthBook.Root
        : $"{Text(role, "name")}: " + string.Join(' ', role.GetProperty("perms").EnumerateArray().Select(held =>
            $"{(Text(held, "permType") is { Length: > 0 } kind ? kind : "READ")} "
            + $"{Text(held, "key")}-{Text(held, "range_end")}"));

    private static string Describe(AuthBook auth, string roleName) => roleName == AuthBook.Root
        ? AuthBook.Root
        : $"{roleName}: " + string.Join(' ', Held(auth, roleName).Select(held =>
            $"{held.PermType.ToString().ToUpperInvariant()} {held.Key.ToBase64()}-{held.RangeEnd.ToBase64()}"));

    private static RepeatedField<Permission> Held(AuthBook auth, string roleName) =>
        auth.TryGetRole(roleName, out Role? role) ? role.KeyPermission : [];

    private static string DescribeKeyValue(JsonElement keyValue)
    {
        string value = keyValue.TryGetProperty("value_sha256", out JsonElement hash)
            ? hash.GetString()!
            : ShortOrHash(Convert.FromBase64String(keyValue.GetProperty("value").GetString()!));
        return $"{keyValue.GetProperty("key").GetString()} {keyValue.GetProperty("create_revision")} "
            + $"{keyValue.GetProperty("mod_revision")} {keyValue.GetProperty("version")} "
            + $"{keyValue.GetProperty("lease")} {value}";
    }

    private static string DescribeKeyValue(KeyValue keyValue) =>
        $"{keyValue.Key.ToBase64()} {keyValue.CreateRevision} {keyValue.ModRevision} {keyValue.Version} "
        + $"{keyValue.Lease} {ShortOrHash(keyValue.Value.ToByteArray())}";

    private static string ShortOrHash(byte[] value) =>
        value.Length <= 1024 ? Convert.ToBase64String(value) : Convert.ToHexStringLower(SHA256.HashData(value));

    private static ulong Id(JsonElement both) => both.GetProperty("dec").GetUInt64();

    private static bool IsLearner(JsonElement member) =>
        member.TryGetProperty("isLearner", out JsonElement learner) && learner.GetBoolean();

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement text) ? text.GetString()! : "";

    private static string List(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement list)
            ? string.Join(' ', list.EnumerateArray().Select(one => one.GetString()))
            : "";
}
