using System.Text.Encodings.Web;
using System.Text.Json;

namespace Kv.Store;

/// <summary>A member as etcd writes it into the page file and into changes of the membership:
/// <code>{"id":1,"peerURLs":["http://a:2380"],"isLearner":true,"name":"a","clientURLs":["http://a:2379"]}</code>
/// What is empty is left out, but for the peer URLs.</summary>
public static class MemberJson
{
    // Go does not escape what this one leaves alone, save for the marks of HTML, which no URL here has.
    private static readonly JsonWriterOptions Style = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static byte[] Encode(ClusterMember member) => Write(writer => WriteMember(writer, member));

    /// <summary>The context of a change that makes a learner a voter.</summary>
    public static byte[] EncodePromotion(ulong id) => Write(writer =>
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", id);
        writer.WriteNull("peerURLs");
        writer.WriteBoolean("isPromote", true);
        writer.WriteEndObject();
    });

    /// <summary>What the member says of itself.</summary>
    public static byte[] EncodeAttributes(ClusterMember member) => Write(writer =>
    {
        writer.WriteStartObject();
        if (member.Name.Length > 0)
            writer.WriteString("name", member.Name);
        WriteList(writer, "clientURLs", member.ClientUrls, isOptional: true);
        writer.WriteEndObject();
    });

    /// <summary>What Raft's membership says of it.</summary>
    public static byte[] EncodeRaftAttributes(ClusterMember member) => Write(writer =>
    {
        writer.WriteStartObject();
        WriteList(writer, "peerURLs", member.PeerUrls, isOptional: false);
        if (member.IsLearner)
            writer.WriteBoolean("isLearner", true);
        writer.WriteEndObject();
    });

    /// <summary>Reads a member, or the context of a change.</summary>
    /// <exception cref="JsonException">It is no such JSON.</exception>
    public static ClusterMember Decode(ReadOnlySpan<byte> json, out bool isPromotion)
    {
        bool promotes = false;
        ClusterMember member = Read(json, root =>
        {
            promotes = TryGet(root, "isPromote", out JsonElement promote) && promote.GetBoolean();
            return new ClusterMember(
                TryGet(root, "id", out JsonElement id) ? id.GetUInt64() : 0,
                ReadList(root, "peerURLs"),
                TryGet(root, "isLearner", out JsonElement learner) && learner.GetBoolean(),
                TryGet(root, "name", out JsonElement name) ? name.GetString()! : "",
                ReadList(root, "clientURLs"));
        });
        isPromotion = promotes;
        return member;
    }

    /// <summary>Reads one object, of which nothing is left over.</summary>
    /// <exception cref="JsonException">It is no JSON, or not of the kinds that <paramref name="read"/> takes it
    /// for.</exception>
    public static T Read<T>(ReadOnlySpan<byte> json, Func<JsonElement, T> read)
    {
        var reader = new Utf8JsonReader(json);
        using var document = JsonDocument.ParseValue(ref reader);
        _ = reader.Read(); // throws if anything follows
        try
        {
            return read(document.RootElement);
        }
        catch (Exception fault) when (fault is InvalidOperationException or FormatException)
        {
            // Of another kind, a number out of range, text that is no UTF-8.
            throw new JsonException(fault.Message, fault);
        }
    }

    /// <summary>Null is as good as absent, as in Go.</summary>
    public static bool TryGet(JsonElement root, string name, out JsonElement value) =>
        root.TryGetProperty(name, out value) && value.ValueKind != JsonValueKind.Null;

    internal static byte[] Write(Action<Utf8JsonWriter> write)
    {
        using var stream = new MemoryStream();
        using (var writer = new Utf8JsonWriter(stream, Style))
            write(writer);
        return stream.ToArray();
    }

    private static void WriteMember(Utf8JsonWriter writer, ClusterMember member)
    {
        writer.WriteStartObject();
        writer.WriteNumber("id", member.Id);
        WriteList(writer, "peerURLs", member.PeerUrls, isOptional: false);
        if (member.IsLearner)
            writer.WriteBoolean("isLearner", true);
        if (member.Name.Length > 0)
            writer.WriteString("name", member.Name);
        WriteList(writer, "clientURLs", member.ClientUrls, isOptional: true);
        writer.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter writer, string name, IReadOnlyList<string> values, bool isOptional)
    {
        if (isOptional && values.Count == 0)
            return;
        writer.WriteStartArray(name);
        foreach (string value in values)
            writer.WriteStringValue(value);
        writer.WriteEndArray();
    }

    private static string[] ReadList(JsonElement root, string name) =>
        TryGet(root, name, out JsonElement list)
            ? [.. list.EnumerateArray().Select(value => value.GetString() ?? "")]
            : [];
}
