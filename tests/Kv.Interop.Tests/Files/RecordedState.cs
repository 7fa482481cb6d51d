using System.Text.Json;

namespace Kv.Interop.Tests.Files;

/// <summary>What the real server that wrote a fixture told of its store; see the README of
/// <c>tests/fixtures/files</c>.</summary>
public sealed class RecordedState(JsonElement fields)
{
    /// <summary>The revisions for which HashKV was asked, 0 among them.</summary>
    public IReadOnlyList<long> Hashes => [0, .. ComparedHashes().Select(hash => Number(hash, "revision"))];

    public IReadOnlyList<long> Dumps => [.. Items("dumps").Select(dump => Number(dump, "revision"))];

    public long Revision => Number(fields, "revision");

    public bool AuthEnabled =>
        fields.TryGetProperty("auth", out JsonElement auth) && auth.GetProperty("enabled").GetBoolean();

    public NodePicture Picture()
    {
        var picture = new NodePicture();
        picture.AddRevision(Revision);
        AddHash(picture, fields.GetProperty("hashkv_rev0"));
        foreach (JsonElement hash in ComparedHashes())
            AddHash(picture, hash);
        foreach (JsonElement dump in Items("dumps"))
            AddDump(picture, dump);
        foreach (JsonElement lease in Items("leases"))
            picture.AddLease(Number(lease, "id"), Number(lease, "granted_ttl"), Texts(lease, "keys"));
        foreach (JsonElement user in Items("users"))
            picture.AddUser(Text(user, "name"), Texts(user, "roles"));
        foreach (JsonElement role in Items("roles"))
            AddRole(picture, role);
        foreach (JsonElement member in Items("members"))
            AddMember(picture, member);
        foreach (JsonElement alarm in Items("alarms"))
            picture.AddAlarm(Id(alarm, "member_id"), Text(alarm, "alarm"));
        return picture;
    }

    // 3.4 refuses the compacted revision itself.
    private IEnumerable<JsonElement> ComparedHashes()
    {
        long compacted = Number(fields, "compact_revision");
        return Items("hashkv").Where(
            hash => Number(hash, "revision") != compacted || !hash.TryGetProperty("error", out _));
    }

    private static void AddHash(NodePicture picture, JsonElement hash)
    {
        if (hash.TryGetProperty("error", out JsonElement error))
            picture.AddHashError(Number(hash, "revision"), error.GetString()!);
        else
            picture.AddHash(Number(hash, "revision"), Number(hash, "hash"), Number(hash, "compact_revision"));
    }

    private static void AddDump(NodePicture picture, JsonElement dump)
    {
        foreach (JsonElement kv in dump.GetProperty("kvs").EnumerateArray())
        {
            string value = kv.TryGetProperty("value", out JsonElement bytes)
                ? NodePicture.ValueText(bytes.GetBytesFromBase64())
                : NodePicture.LongValueText((int)Number(kv, "value_len"), Text(kv, "value_sha256"));
            picture.AddKey(
                Number(dump, "revision"),
                Text(kv, "key"),
                value,
                Number(kv, "create_revision"),
                Number(kv, "mod_revision"),
                Number(kv, "version"),
                Number(kv, "lease"));
        }
    }

    private static void AddRole(NodePicture picture, JsonElement role)
    {
        string name = Text(role, "name");
        IEnumerable<string> permissions = role.GetProperty("perms").EnumerateArray().Select(permission =>
            NodePicture.PermissionText(
                Text(permission, "permType", "READ"),
                Text(permission, "key", ""),
                Text(permission, "range_end", "")));
        picture.AddRole(name, name == "root" ? [] : permissions);
    }

    private static void AddMember(NodePicture picture, JsonElement member) => picture.AddMember(
        Id(member, "ID"),
        Text(member, "name", ""),
        Texts(member, "peerURLs"),
        Texts(member, "clientURLs"));

    private JsonElement.ArrayEnumerator Items(string name) =>
        fields.TryGetProperty(name, out JsonElement items) ? items.EnumerateArray() : default;

    private static ulong Id(JsonElement element, string name) =>
        element.GetProperty(name).GetProperty("dec").GetUInt64();

    private static long Number(JsonElement element, string name) => element.GetProperty(name).GetInt64();

    private static string Text(JsonElement element, string name, string? otherwise = null) =>
        element.TryGetProperty(name, out JsonElement value)
            ? value.GetString()!
            : otherwise ?? throw new InvalidDataException($"The recording lacks {name}.");

    private static IEnumerable<string> Texts(JsonElement element, string name) =>
        element.TryGetProperty(name, out JsonElement items)
            ? items.EnumerateArray().Select(item => item.GetString()!)
            : [];
}
