using System.Text.Json;
using System.Text.Json.Serialization;

namespace Kv.Kubernetes;

/// <summary>A part of an object as the API has it. Fields that this version of the client has no property for are kept
/// and written back, so that reading an object, changing it and writing it loses nothing that a newer server, or the
/// author of a custom resource, has put there.</summary>
public abstract class ApiModel
{
    [JsonExtensionData]
    public IDictionary<string, JsonElement>? UnknownFields { get; set; }
}
