using System.Text.Json.Nodes;
using Google.Protobuf;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Requests;

/// <summary>The bodies that kubectl sends in Protobuf whatever it is offered: questions of access, evictions, what
/// its create commands make. The messages are those of k8s.io/api, read by the numbers of their fields.</summary>
internal static class ProtobufBodies
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";

    private static readonly byte[] Magic = "k8s\0"u8.ToArray();

    // Field numbers to names. What follows the name says how it is read: # a number, [] one of several, {} an entry of
    // a map, {64} one whose value is bytes, ! bytes kept apart; a shape of its own reads a message.
    private static readonly Shape Metadata = new(
        (1, "name", null), (2, "generateName", null), (3, "namespace", null), (11, "labels{}", null),
        (12, "annotations{}", null));

    private static readonly Shape Attributes = new(
        (1, "namespace", null), (2, "verb", null), (3, "group", null), (4, "version", null), (5, "resource", null),
        (6, "subresource", null), (7, "name", null));

    private static readonly Shape Rules = new(
        (1, "verbs[]", null), (2, "apiGroups[]", null), (3, "resources[]", null), (4, "resourceNames[]", null),
        (5, "nonResourceURLs[]", null));

    private static readonly Shape Subjects = new(
        (1, "kind", null), (2, "apiGroup", null), (3, "name", null), (4, "namespace", null));

    private static readonly Shape RoleReference = new((1, "apiGroup", null), (2, "kind", null), (3, "name", null));

    private static readonly Shape Binding = new(
        (1, "metadata", Metadata), (2, "subjects[]", Subjects), (3, "roleRef", RoleReference));

    private static readonly Dictionary<string, Shape> Kinds = new(StringComparer.Ordinal)
    {
        ["SelfSubjectAccessReview"] = new((1, "metadata", Metadata), (2, "spec", new(
            (1, "resourceAttributes", Attributes),
            (2, "nonResourceAttributes", new((1, "path", null), (2, "verb", null)))))),
        ["SelfSubjectRulesReview"] = new((1, "metadata", Metadata), (2, "spec", new((1, "namespace", null)))),
        ["SelfSubjectReview"] = new((1, "metadata", Metadata)),
        ["Eviction"] = new((1, "metadata", Metadata), (2, "deleteOptions", new(
            (1, "gracePeriodSeconds#", null), (2, "preconditions", new((1, "uid", null)))))),
        ["Namespace"] = new((1, "metadata", Metadata)),
        ["ServiceAccount"] = new((1, "metadata", Metadata)),
        ["TokenRequest"] = new((1, "metadata", Metadata), (2, "spec", new(
            (1, "audiences[]", null), (4, "expirationSeconds#", null)))),
        ["ConfigMap"] = new((1, "metadata", Metadata), (2, "data{}", null), (3, "binaryData{64}", null)),
        ["Secret"] = new((1, "metadata", Metadata), (2, "data{64}", null), (3, "type", null)),
        ["Role"] = new((1, "metadata", Metadata), (2, "rules[]", Rules)),
        ["ClusterRole"] = new((1, "metadata", Metadata), (2, "rules[]", Rules)),
        ["RoleBinding"] = Binding,
        ["ClusterRoleBinding"] = Binding,
    };

    /// <exception cref="RefusedException">It is of another kind, or broken.</exception>
    public static JsonObject Read(byte[] body)
    {
        if (!body.AsSpan().StartsWith(Magic))
            throw RefusedException.BadRequest("the body is no Protobuf of Kubernetes");
        try
        {
            JsonObject envelope = Read(body.AsSpan(Magic.Length).ToArray(), new Shape(
                (1, "type", new((1, "apiVersion", null), (2, "kind", null))), (2, "raw!", null)), out byte[] raw);
            string kind = (string?)envelope["type"]?["kind"] ?? "";
            if (!Kinds.TryGetValue(kind, out Shape? shape))
                throw RefusedException.UnsupportedMedia($"{kind} is taken as JSON or YAML only");
            JsonObject value = Read(raw, shape, out _);
            value["apiVersion"] = envelope["type"]?["apiVersion"]?.DeepClone();
            value["kind"] = kind;
            return value;
        }
        catch (InvalidProtocolBufferException fault)
        {
            throw RefusedException.BadRequest(fault.Message);
        }
    }

    private static JsonObject Read(byte[] message, Shape shape, out byte[] raw)
    {
        JsonObject result = [];
        raw = [];
        var input = new CodedInputStream(message);
        uint tag;
        while ((tag = input.ReadTag()) != 0)
        {
            (string name, Shape? inner) = shape.Find(WireFormat.GetTagFieldNumber(tag));
            if (name.Length == 0)
                input.SkipLastField();
            else if (name.EndsWith('#'))
                result[name[..^1]] = input.ReadInt64();
            else if (name.EndsWith('!'))
                raw = input.ReadBytes().ToByteArray();
            else if (name.EndsWith('}'))
                AddEntry(result, name, input.ReadBytes().ToByteArray());
            else if (name.EndsWith("[]", StringComparison.Ordinal))
                AddItem(result, name[..^2], ReadValue(input, inner));
            else
                result[name] = ReadValue(input, inner);
        }

        return result;
    }

    private static JsonNode ReadValue(CodedInputStream input, Shape? inner) =>
        inner is null ? input.ReadString() : Read(input.ReadBytes().ToByteArray(), inner, out _);

    private static void AddItem(JsonObject result, string name, JsonNode item)
    {
        if (result[name] is not JsonArray list)
            result[name] = list = [];
        list.Add(item);
    }

    private static void AddEntry(JsonObject result, string name, byte[] entry)
    {
        bool isBytes = name.EndsWith("{64}", StringComparison.Ordinal);
        var shape = new Shape((1, "key", null), (2, isBytes ? "value!" : "value", null));
        JsonObject pair = Read(entry, shape, out byte[] bytes);
        JsonObject map = result.Ensure(name[..name.IndexOf('{', StringComparison.Ordinal)]);
        string value = isBytes ? Convert.ToBase64String(bytes) : (string?)pair["value"] ?? "";
        map[(string?)pair["key"] ?? ""] = value;
    }

    private sealed class Shape(params (int Number, string Name, Shape? Inner)[] fields)
    {
        public (string Name, Shape? Inner) Find(int number)
        {
            foreach ((int known, string name, Shape? inner) in fields)
            {
                if (known == number)
                    return (name, inner);
            }

            return ("", null);
        }
    }
}
