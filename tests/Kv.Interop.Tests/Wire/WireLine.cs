using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Kv.Interop.Tests.Wire;

/// <summary>One recorded request to the HTTP side of a member and its answer; see the README of
/// <c>tests/fixtures/wire</c>.</summary>
public sealed record WireLine(JsonObject Fields)
{
    public int Number => (int)Fields["n"]!;

    public string Path => (string)Fields["path"]!;

    public string Method => (string?)Fields["method"] ?? "POST";

    public string Note => (string?)Fields["note"] ?? "";

    public string? Token => (string?)Fields["token"];

    public int? Status => (int?)Fields["status"];

    public string? ContentType => (string?)Fields["content_type"];

    public JsonNode? Response => Fields["response"];

    /// <summary>What the answer is, if it is an error of the API.</summary>
    public (int Code, string Message)? Error
    {
        get
        {
            JsonNode? error = (Response as JsonObject)?["error"] ?? Response;
            return error is JsonObject fields && fields["code"] is JsonNode code
                ? ((int)code, (string?)fields["message"] ?? "")
                : null;
        }
    }

    /// <summary>The names under which parts of the answer are known from here on, with their places in it.</summary>
    public IEnumerable<(string Name, string Place)> Captures =>
        (Fields["capture"] as JsonObject ?? []).Select(capture => (capture.Key, (string)capture.Value!));

    public bool ServerDied => (bool?)Fields["server_died"] ?? false;

    /// <summary>The body as it was sent; null if it was no JSON object of its own.</summary>
    public string? Raw => (Fields["raw"] as JsonValue)?.GetValue<string>();

    public JsonNode? Request => Fields["request"] ?? Fields["raw"];

    /// <summary>The list as 3.7.1 answered it, or as the version of the overlay did.</summary>
    public static IReadOnlyList<WireLine> ReadAll(string? overlay = null)
    {
        Dictionary<int, WireLine> other = overlay is null ? [] : Read(overlay).ToDictionary(line => line.Number);
        return [.. Read("api-3.7.1.jsonl").Select(line => other.GetValueOrDefault(line.Number, line).Completed(line))];
    }

    public static IEnumerable<WireLine> Read(string file) =>
        File.ReadLines(System.IO.Path.Combine(Folder(), "../../fixtures/wire", file))
            .Select(line => new WireLine((JsonObject)JsonNode.Parse(line)!));

    public override string ToString() =>
        $"{Number}: {Method} {Path} {Request?.ToJsonString(Plain)} {(Note.Length > 0 ? $"({Note})" : "")}";

    private static readonly JsonSerializerOptions Plain = new() { WriteIndented = false };

    // An overlay tells of the answer; what was sent is in the list.
    private WireLine Completed(WireLine original)
    {
        foreach ((string name, JsonNode? value) in original.Fields)
        {
            if (name is not ("response" or "status" or "content_type") && !Fields.ContainsKey(name))
                Fields[name] = value?.DeepClone();
        }

        return this;
    }

    private static string Folder([CallerFilePath] string path = "") => System.IO.Path.GetDirectoryName(path)!;
}
