using System.Text.Json.Nodes;

namespace Kv.Interop.Tests.Wire;

/// <summary>One recorded scenario on a watch stream of its own.</summary>
public sealed record WatchScenario(int Number, string Name, string Server, JsonObject Fields)
{
    public const string AuthServer = "auth enabled";
    public const string DefaultServer = "default";

    public IReadOnlyList<JsonObject> Steps => [.. Fields["steps"]!.AsArray().Select(step => (JsonObject)step!)];

    /// <summary>Calls that come before: path and request. One scenario only describes them; they are what it then
    /// sees as history.</summary>
    public IReadOnlyList<(string Path, JsonNode? Request)> Setup
    {
        get
        {
            JsonArray setup = Fields["setup"] as JsonArray ?? [];
            bool described = setup.Any(call => call is not JsonArray { Count: 2 });
            return described
                ? [.. Steps[0]["recv"]![1]!["events"]!.AsArray().Select(change => Write((JsonObject)change!))]
                : [.. setup.Select(call => ((string)call![0]!, call[1]))];
        }
    }

    /// <summary>What the stream is opened with beside the usual headers; that some scenarios had any is told only by
    /// their names.</summary>
    public (string Name, string Value)? Metadata => (Name, (string?)Fields["token"]) switch
    {
        ("hasleader metadata", _) => ("hasleader", "true"),
        ("garbage token", _) => ("token", "garbage"),
        (_, { } token) => ("token", token),
        _ => null,
    };

    public static IReadOnlyList<WatchScenario> ReadAll() =>
    [
        .. WireLine.Read("watch-3.7.1.jsonl").Select(line => new WatchScenario(
            line.Number,
            (string)line.Fields["name"]!,
            (string)line.Fields["server"]!,
            line.Fields)),
    ];

    private static (string Path, JsonNode? Request) Write(JsonObject change)
    {
        JsonNode kv = change["kv"]!;
        var key = new JsonObject { ["key"] = kv["key"]!.DeepClone() };
        if ((string?)change["type"] == "DELETE")
            return ("/v3/kv/deleterange", key);
        key["value"] = kv["value"]?.DeepClone();
        return ("/v3/kv/put", key);
    }

    public override string ToString() => $"{Number}: {Name}";
}
