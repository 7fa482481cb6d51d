using System.Text.Json.Nodes;

namespace Kv.Interop.Tests.Wire;

/// <summary>Where an answer of the gateway may differ from the recorded one, and how.</summary>
/// <param name="isOurs">Whether it is our node's.</param>
public sealed class GatewayRules(bool isOurs)
{
    private const string ClusterVersion = "ours holds the version of the cluster at 3.5, to let a 3.5 take over again";
    private const string Debug = "Go's own debug pages";
    private const string HeldVersion = "3.5";

    /// <summary>Why the line is left out, or null.</summary>
    public string? Exclusion(WireLine line)
    {
        if (line.Path.StartsWith("/debug/", StringComparison.Ordinal))
            return Debug;
        return isOurs && line is { Path: "/version", Status: 200 } ? ClusterVersion : null;
    }

    /// <summary>The recorded answer as it should be found.</summary>
    public JsonNode? Expected(WireLine line, JsonNode? recorded)
    {
        JsonNode? expected = WithoutWords(line, recorded?.DeepClone());
        if (!isOurs || expected is not JsonObject fields || line.Status != 200)
            return expected;
        if (line.Path == "/v3/maintenance/status")
            fields.Remove("storageVersion");
        if (line.Path == "/v3/maintenance/downgrade")
            fields["version"] = HeldVersion;
        return expected;
    }

    /// <summary>The found answer without what need not be compared.</summary>
    public JsonNode? Found(WireLine line, JsonNode? found)
    {
        JsonNode? answer = WithoutWords(line, found?.DeepClone());

        // The gateway of 3.5 says each message twice; the recording has it once.
        if (!isOurs && answer is JsonObject fields && fields.ContainsKey("message"))
            fields.Remove("error");
        return answer;
    }

    // Places in a body depend on how it is written, and the recording has only what was written.
    private JsonNode? WithoutWords(WireLine line, JsonNode? answer)
    {
        if (answer is not JsonObject fields || (string?)(fields["message"] as JsonValue) is not { } message)
            return answer;
        bool isWritten = isOurs && line.Raw is not null;
        if (message.StartsWith("proto:", StringComparison.Ordinal) && !isWritten)
            fields["message"] = "proto: ...";
        return answer;
    }
}
