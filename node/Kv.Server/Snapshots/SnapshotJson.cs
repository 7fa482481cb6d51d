using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kv.Server.Snapshots;

/// <summary>How what is said of snapshots is written as JSON, by code that is made when the node is built: a node
/// compiled ahead of time has no types to look at.</summary>
[JsonSerializable(typeof(SnapshotLabel))]
[JsonSerializable(typeof(TakenSnapshot))]
[JsonSerializable(typeof(SnapshotError))]
internal sealed partial class SnapshotJson : JsonSerializerContext
{
    /// <summary>For answers, which people read too.</summary>
    public static readonly SnapshotJson Answers = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
