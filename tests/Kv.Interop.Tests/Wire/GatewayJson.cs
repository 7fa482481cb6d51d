using System.Text.Json;
using System.Text.Json.Nodes;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Kv.Interop.Tests.Wire;

/// <summary>The gateway reads more than protobuf's JSON form says: what follows the first object, names of enum values
/// that do not exist, bytes without padding. This reads a body as the gateway does and gives it back plain.</summary>
public static class GatewayJson
{
    private static readonly Dictionary<string, string[]> EnumNames = new(StringComparer.Ordinal)
    {
        ["sort_order"] = ["NONE", "ASCEND", "DESCEND"],
    };

    /// <summary>Makes the gRPC call that a request to the gateway stands for.</summary>
    public static Task<RawAnswer> CallAsync(
        RawGrpc grpc,
        string path,
        JsonNode? request,
        IReadOnlyDictionary<string, string> metadata)
    {
        MethodDescriptor method = ApiRoutes.Find(path) ?? throw new InvalidDataException($"No method behind {path}.");
        IMessage message = JsonParser.Default.Parse(request?.ToJsonString() ?? "{}", method.InputType);
        return grpc.CallAsync(ApiRoutes.GrpcPath(method), [message.ToByteArray()], metadata);
    }

    public static string Plain(string body)
    {
        byte[] bytes = System.Text.Encoding.UTF8.GetBytes(body);
        var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { AllowMultipleValues = true });
        if (!JsonDocument.TryParseValue(ref reader, out JsonDocument? document))
            return "{}";

        using (document)
        {
            var fields = JsonObject.Create(document.RootElement)!;
            foreach ((string name, JsonNode? value) in fields.ToList())
                fields[name] = Plain(name, value?.DeepClone());
            return fields.ToJsonString();
        }
    }

    private static JsonNode? Plain(string name, JsonNode? value)
    {
        if (value is not JsonValue leaf || !leaf.TryGetValue(out string? text))
            return value;
        if (EnumNames.TryGetValue(name, out string[]? known))
            return known.Contains(text) ? text : 0;
        return name is "key" ? Padded(text) : text;
    }

    private static string Padded(string base64)
    {
        string standard = base64.Replace('-', '+').Replace('_', '/').TrimEnd('=');
        return standard.PadRight((standard.Length + 3) / 4 * 4, '=');
    }
}
