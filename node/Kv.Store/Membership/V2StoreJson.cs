using System.Text;
using System.Text.Json;

namespace Kv.Store;

/// <summary>The membership as the tree of etcd's v2 store, which is what the <c>.snap</c> files of etcd up to 3.7
/// contain, and what 3.5 and 3.6 restore their membership from:
/// <code>
/// /0/members/(id)/attributes      {"name":...,"clientURLs":[...]}, once the member has started
///                /raftAttributes  {"peerURLs":[...]}
///   /removed_members/(id)         after the first removal
///   /version                      3.5.0
/// /1
/// </code>
/// The record of past events that etcd keeps beside it is left out: a reader then starts with an empty one.</summary>
public static class V2StoreJson
{
    // Any number does; etcd's own is that of a lone member after its first start.
    private const long Index = 3;

    private static readonly string[] Counters =
    [
        "getsSuccess", "getsFail", "setsSuccess", "setsFail", "deleteSuccess", "deleteFail", "updateSuccess",
        "updateFail", "createSuccess", "createFail", "compareAndSwapSuccess", "compareAndSwapFail",
        "compareAndDeleteSuccess", "compareAndDeleteFail", "expireCount", "watchers",
    ];

    public static byte[] Encode(IReadOnlyList<ClusterMember> members, IEnumerable<ulong> removed, string version) =>
        MemberJson.Write(writer =>
        {
            writer.WriteStartObject();
            writer.WritePropertyName("Root");
            WriteDirectory(writer, "/", () =>
            {
                WriteDirectory(writer, "0", "/0", () => WriteCluster(writer, members, removed, version));
                WriteDirectory(writer, "1", "/1", static () => { });
            });
            writer.WriteNumber("CurrentIndex", Index);
            writer.WriteStartObject("Stats");
            foreach (string counter in Counters)
                writer.WriteNumber(counter, 0);
            writer.WriteEndObject();
            writer.WriteNumber("CurrentVersion", 2);
            writer.WriteEndObject();
        });

    private static void WriteCluster(
        Utf8JsonWriter writer, IReadOnlyList<ClusterMember> members, IEnumerable<ulong> removed, string version)
    {
        WriteDirectory(writer, "members", "/0/members", () =>
        {
            foreach (ClusterMember member in members)
                WriteMember(writer, member);
        });
        ulong[] gone = [.. removed.Order()];
        if (gone.Length > 0)
        {
            WriteDirectory(writer, "removed_members", "/0/removed_members", () =>
            {
                foreach (ulong id in gone)
                    WriteFile(writer, MemberIds.ToText(id), $"/0/removed_members/{MemberIds.ToText(id)}", "");
            });
        }

        if (version.Length > 0)
            WriteFile(writer, "version", "/0/version", version);
    }

    private static void WriteMember(Utf8JsonWriter writer, ClusterMember member)
    {
        string id = MemberIds.ToText(member.Id);
        string path = $"/0/members/{id}";
        WriteDirectory(writer, id, path, () =>
        {
            if (member.IsStarted)
                WriteFile(writer, "attributes", $"{path}/attributes", Text(MemberJson.EncodeAttributes(member)));
            WriteFile(writer, "raftAttributes", $"{path}/raftAttributes",
                Text(MemberJson.EncodeRaftAttributes(member)));
        });
    }

    private static void WriteDirectory(Utf8JsonWriter writer, string name, string path, Action writeChildren)
    {
        writer.WritePropertyName(name);
        WriteDirectory(writer, path, writeChildren);
    }

    private static void WriteDirectory(Utf8JsonWriter writer, string path, Action writeChildren)
    {
        WriteHead(writer, path, 0, "");
        writer.WriteStartObject("Children");
        writeChildren();
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static void WriteFile(Utf8JsonWriter writer, string name, string path, string value)
    {
        writer.WritePropertyName(name);
        WriteHead(writer, path, Index, value);
        writer.WriteNull("Children");
        writer.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter writer, string path, long index, string value)
    {
        writer.WriteStartObject();
        writer.WriteString("Path", path);
        writer.WriteNumber("CreatedIndex", index);
        writer.WriteNumber("ModifiedIndex", index);
        writer.WriteString("ExpireTime", "0001-01-01T00:00:00Z");
        writer.WriteString("Value", value);
    }

    private static string Text(byte[] json) => Encoding.UTF8.GetString(json);
}
