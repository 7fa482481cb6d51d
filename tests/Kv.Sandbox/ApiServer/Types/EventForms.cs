using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Types;

/// <summary>Events are served in two groups and stored once, in the form of the core group; some fields have another
/// name in each.</summary>
internal static class EventForms
{
    private static readonly (string Core, string Served)[] Names =
    [
        ("involvedObject", "regarding"), ("message", "note"), ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"), ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"), ("reportingComponent", "reportingController"),
    ];

    public static ObjectConversion Conversion { get; } = new(
        served => Rename(served, "v1", Names.Select(pair => (pair.Served, pair.Core))),
        stored => Rename(stored, BuiltInTypes.EventGroup + "/v1", Names));

    private static JsonObject Rename(JsonObject value, string version, IEnumerable<(string From, string To)> names)
    {
        JsonObject result = value.Copy();
        result["apiVersion"] = version;
        foreach ((string from, string to) in names)
        {
            if (!result.TryGetPropertyValue(from, out JsonNode? field))
                continue;
            result.Remove(from);
            result[to] = field;
        }

        return result;
    }
}
