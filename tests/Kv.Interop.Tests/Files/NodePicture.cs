using System.Security.Cryptography;
using Etcdserverpb;
using Google.Protobuf;
using Kv.Interop.Tests.Wire;

namespace Kv.Interop.Tests.Files;

/// <summary>All that a member tells of its store, as lines of text, so that two members, or one and a recording, can be
/// compared.</summary>
public sealed class NodePicture
{
    private const int LongValueMin = 1024;

    private readonly List<string> _lines = [];

    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Asks a running member. <paramref name="dumps"/> are the revisions at which its whole key space is
    /// read, <paramref name="hashes"/> those for HashKV.</summary>
    public static async Task<NodePicture> TakeAsync(
        ApiClient client,
        IEnumerable<long> hashes,
        IEnumerable<long> dumps)
    {
        var picture = new NodePicture();
        picture.AddRevision(await RevisionAsync(client));
        foreach (long revision in hashes)
            await picture.HashAsync(client, revision);
        foreach (long revision in dumps)
            await picture.DumpAsync(client, revision);
        await picture.LeasesAsync(client);
        await picture.UsersAsync(client);
        await picture.RolesAsync(client);
        await picture.MembersAsync(client);
        await picture.AlarmsAsync(client);
        return picture;
    }

    public static async Task<long> RevisionAsync(ApiClient client)
    {
        var request = new RangeRequest { Key = ByteString.CopyFrom(0), CountOnly = true };
        RangeResponse response = await client.CallAsync<RangeResponse>("KV/Range", request);
        return response.Header.Revision;
    }

    public void AddRevision(long revision) => Add($"revision {revision}");

    public void AddHash(long revision, long hash, long compacted) =>
        Add($"hashkv {revision}: {hash}, compacted {compacted}");

    // 3.4 leaves out who refuses.
    public void AddHashError(long revision, string error) =>
        Add($"hashkv {revision}: {error.Replace("etcdserver: ", "", StringComparison.Ordinal)}");

    public void AddKey(long dump, string key, string value, long created, long modified, long version, long lease) =>
        Add($"at {dump}: {key} = {value}, created {created}, modified {modified}, version {version}, lease {lease}");

    public void AddLease(long id, long granted, IEnumerable<string> keys) =>
        Add($"lease {id}: {granted} s, keys {string.Join(' ', keys.Order(StringComparer.Ordinal))}");

    public void AddUser(string name, IEnumerable<string> roles) => Add($"user {name}: {string.Join(' ', roles)}");

    public void AddRole(string name, IEnumerable<string> permissions) =>
        Add($"role {name}: {string.Join(' ', permissions)}");

    public void AddMember(ulong id, string name, IEnumerable<string> peers, IEnumerable<string> clients) =>
        Add($"member {id}: {name} {string.Join(' ', peers)} {string.Join(' ', clients)}");

    public void AddAlarm(ulong member, string alarm) => Add($"alarm {alarm} of {member}");

    /// <summary>How a value is shown: long ones by their hash.</summary>
    public static string ValueText(ReadOnlySpan<byte> value) =>
        value.Length > LongValueMin
            ? LongValueText(value.Length, Convert.ToHexStringLower(SHA256.HashData(value)))
            : Convert.ToBase64String(value);

    public static string LongValueText(int length, string sha256) => $"{length} bytes {sha256}";

    public static string PermissionText(string type, string key, string end) => $"{type}({key},{end})";

    /// <summary>Fails the test with the lines that only one of the two has.</summary>
    public void MustEqual(NodePicture expected, string what)
    {
        string[] missing = [.. expected._lines.Except(_lines)];
        string[] added = [.. _lines.Except(expected._lines)];
        Assert.True(
            missing.Length + added.Length == 0,
            $"{what}\nmissing:{Some(missing)}\nadded:{Some(added)}");
    }

    /// <summary>Like <see cref="MustEqual"/>, where less was recorded than can be asked.</summary>
    public void MustContain(NodePicture expected, string what)
    {
        string[] missing = [.. expected._lines.Except(_lines)];
        Assert.True(expected._lines.Count > 1 && missing.Length == 0, $"{what}\nmissing:{Some(missing)}");
    }

    private static string Some(string[] lines) => string.Concat(lines.Take(20).Select(line => "\n  " + line));

    private void Add(string line) => _lines.Add(line);

    private async Task HashAsync(ApiClient client, long revision)
    {
        try
        {
            var request = new HashKVRequest { Revision = revision };
            HashKVResponse response = await client.CallAsync<HashKVResponse>("Maintenance/HashKV", request);
            AddHash(revision, response.Hash, response.CompactRevision);
        }
        catch (ApiException refused)
        {
            AddHashError(revision, refused.Detail);
        }
    }

    private async Task DumpAsync(ApiClient client, long revision)
    {
        var zero = ByteString.CopyFrom(0);
        var request = new RangeRequest { Key = zero, RangeEnd = zero, Revision = revision };
        RangeResponse response = await client.CallAsync<RangeResponse>("KV/Range", request);
        foreach (Mvccpb.KeyValue kv in response.Kvs)
        {
            AddKey(
                revision,
                kv.Key.ToBase64(),
                ValueText(kv.Value.Span),
                kv.CreateRevision,
                kv.ModRevision,
                kv.Version,
                kv.Lease);
        }
    }

    private async Task LeasesAsync(ApiClient client)
    {
        LeaseLeasesResponse all =
            await client.CallAsync<LeaseLeasesResponse>("Lease/LeaseLeases", new LeaseLeasesRequest());
        foreach (long id in all.Leases.Select(lease => lease.ID).Order())
        {
            var request = new LeaseTimeToLiveRequest { ID = id, Keys = true };
            LeaseTimeToLiveResponse lease =
                await client.CallAsync<LeaseTimeToLiveResponse>("Lease/LeaseTimeToLive", request);
            AddLease(id, lease.GrantedTTL, lease.Keys.Select(key => key.ToBase64()));
        }
    }

    private async Task UsersAsync(ApiClient client)
    {
        AuthUserListResponse all =
            await client.CallAsync<AuthUserListResponse>("Auth/UserList", new AuthUserListRequest());
        foreach (string name in all.Users)
        {
            var request = new AuthUserGetRequest { Name = name };
            AuthUserGetResponse user = await client.CallAsync<AuthUserGetResponse>("Auth/UserGet", request);
            AddUser(name, user.Roles);
        }
    }

    private async Task RolesAsync(ApiClient client)
    {
        AuthRoleListResponse all =
            await client.CallAsync<AuthRoleListResponse>("Auth/RoleList", new AuthRoleListRequest());
        foreach (string name in all.Roles)
        {
            var request = new AuthRoleGetRequest { Role = name };
            AuthRoleGetResponse role = await client.CallAsync<AuthRoleGetResponse>("Auth/RoleGet", request);

            // Versions differ in what they show of the role that may do everything.
            AddRole(name, name == "root" ? [] : role.Perm.Select(PermissionText));
        }
    }

    private async Task MembersAsync(ApiClient client)
    {
        MemberListResponse all =
            await client.CallAsync<MemberListResponse>("Cluster/MemberList", new MemberListRequest());
        foreach (Member member in all.Members.OrderBy(member => member.ID))
            AddMember(member.ID, member.Name, member.PeerURLs, member.ClientURLs);
    }

    private async Task AlarmsAsync(ApiClient client)
    {
        AlarmResponse all = await client.CallAsync<AlarmResponse>("Maintenance/Alarm", new AlarmRequest());
        foreach (AlarmMember alarm in all.Alarms)
            AddAlarm(alarm.MemberID, alarm.Alarm.ToString().ToUpperInvariant());
    }

    private static string PermissionText(Authpb.Permission permission) => PermissionText(
        permission.PermType.ToString().ToUpperInvariant(),
        permission.Key.ToBase64(),
        permission.RangeEnd.ToBase64());
}
