using System.Text.Json.Nodes;
using Kv.Kubernetes.Json;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Client;

/// <summary>Tells what happened to an object, as an Event; a repetition counts up the one before.</summary>
internal sealed class EventWriter(SandboxClient client, string component)
{
    private const int RememberedMax = 1000;

    private readonly Dictionary<string, (string Path, int Count)> _told = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private int _number;

    public async Task WriteAsync(
        JsonObject about, string apiVersion, string kind, string type, string reason, string message,
            CancellationToken stop)
    {
        string now = TimeConverter.ToText(DateTime.UtcNow);
        string key = $"{kind} {about.Text("metadata", "uid")} {reason} {message}";
        string space = about.Text("metadata", "namespace") is { Length: > 0 } own ? own : "default";
        string name = $"{about.Text("metadata", "name")}.{DateTime.UtcNow.Ticks:x}{Interlocked.Increment(ref _number)}";
        (string Path, int Count) told;
        lock (_gate)
        {
            if (_told.Count > RememberedMax)
                _told.Clear();
            bool isKnown = _told.TryGetValue(key, out told);
            told = isKnown ? (told.Path, told.Count + 1) : (ObjectPath.Core("events", space, name), 1);
            _told[key] = told;
        }

        try
        {
            if (told.Count > 1)
            {
                await client.MergeAsync(
                    told.Path, new JsonObject { ["count"] = told.Count, ["lastTimestamp"] = now }, stop);
                return;
            }

            await client.CreateAsync(ObjectPath.Core("events", space), new JsonObject
            {
                ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = space },
                ["involvedObject"] = new JsonObject
                {
                    ["apiVersion"] = apiVersion,
                    ["kind"] = kind,
                    ["namespace"] = about.Text("metadata", "namespace"),
                    ["name"] = about.Text("metadata", "name"),
                    ["uid"] = about.Text("metadata", "uid"),
                },
                ["type"] = type,
                ["reason"] = reason,
                ["message"] = message,
                ["count"] = 1,
                ["firstTimestamp"] = now,
                ["lastTimestamp"] = now,
                ["source"] = new JsonObject { ["component"] = component },
                ["reportingComponent"] = component,
                ["reportingInstance"] = component,
            }, stop);
        }
        catch (Exception fault) when (fault is ApiFaultException or HttpRequestException)
        {
            // Events are for readers; nothing depends on them.
        }
    }
}
