using System.Globalization;
using System.Text.Json.Nodes;

namespace Kv.Interop.Tests.Wire;

/// <summary>Makes what varies from run to run, as the README of the recordings lists it, alike in two answers of the
/// gateway. It must be there in both or in neither all the same.</summary>
public static class VaryingJson
{
    private const long TtlSlackSeconds = 10;
    private const string Anything = "*";

    // Those of leases that the recorded clients name have fewer. A server's are random numbers of 63 bits.
    private const int ServersLeaseDigitsMin = 12;

    private static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        "raft_term", "raftTerm", "raftIndex", "raftAppliedIndex", "dbSize", "dbSizeInUse", "token",
    };

    /// <summary>An answer with everything that varies replaced.</summary>
    public static JsonNode? Settled(JsonNode? node, string path, bool hashVaries) => node switch
    {
        JsonObject fields => SettledObject(fields, path, hashVaries),
        JsonArray items => new JsonArray([.. items.Select(item => Settled(item, path, hashVaries))]),
        _ => node?.DeepClone(),
    };

    /// <summary>Gives the found answer what is left of a lease in the recorded one, if it is little less.</summary>
    public static void SettleTtl(JsonNode? recorded, JsonNode? found)
    {
        if (Seconds(recorded) is { } expected && Seconds(found) is { } actual
            && expected > 0 && actual <= expected && actual >= expected - TtlSlackSeconds)
        {
            found!["TTL"] = recorded!["TTL"]!.DeepClone();
        }
    }

    private static long? Seconds(JsonNode? answer) =>
        answer is JsonObject fields && (string?)fields["TTL"] is { } text
            ? long.Parse(text, CultureInfo.InvariantCulture)
            : null;

    private static JsonObject SettledObject(JsonObject fields, string path, bool hashVaries)
    {
        var settled = new JsonObject();
        bool isUnstarted = fields.ContainsKey("peerURLs") && !fields.ContainsKey("name");
        foreach ((string name, JsonNode? value) in fields.OrderBy(field => field.Key, StringComparer.Ordinal))
        {
            bool isHash = name == "hash" && (hashVaries || path.EndsWith("/hash", StringComparison.Ordinal));
            bool isServersLease =
                name == "ID" && fields.Count == 1 && value!.ToString().Length >= ServersLeaseDigitsMin;
            bool varies = Names.Contains(name) || isHash || isServersLease || (isUnstarted && name == "ID");
            settled[name] = varies ? Anything : Sorted(name, Settled(value, path, hashVaries));
        }

        return settled;
    }

    private static JsonNode? Sorted(string name, JsonNode? value) => (name, value) switch
    {
        ("members" or "keys", JsonArray items) => new JsonArray([.. items
            .Select(item => item!.DeepClone())
            .OrderBy(item => (item as JsonObject)?["name"]?.ToString() ?? item.ToString(), StringComparer.Ordinal)]),
        ("errors", JsonArray lines) =>
            new JsonArray([.. lines.Select(line => JsonValue.Create(((string)line!).Trim()))]),
        _ => value,
    };
}
