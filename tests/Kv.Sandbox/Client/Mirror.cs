using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Client;

/// <summary>A copy of all objects at a path, kept up to date by a list and a watch; who is interested is told after
/// each change. The copy may be behind, so that decisions taken from it are checked by the versions that writes
/// carry.</summary>
internal sealed class Mirror(SandboxClient client, string path, Action onChange)
{
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private readonly ConcurrentDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly TaskCompletionSource _listed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>All objects. They belong to the mirror: who changes one copies it before.</summary>
    public IEnumerable<JsonObject> All => _objects.Values;

    /// <summary>Done once there has been a first list.</summary>
    public Task Listed => _listed.Task;

    public JsonObject? Find(string space, string name) => _objects.GetValueOrDefault($"{space}/{name}");

    /// <summary>Keeps up until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                string version = await ListAsync(stop);
                await FollowAsync(version, stop);
            }
            catch (Exception fault) when (
                stop.IsCancellationRequested && (fault is OperationCanceledException || IsPassing(fault)))
            {
                return;
            }
            catch (Exception fault) when (IsPassing(fault))
            {
                // The server is away, or the version too old: the next list makes up for it.
                await Kubelet.Pause.ForAsync(RetryPause, CancellationToken.None);
            }
        }
    }

    private static bool IsPassing(Exception fault) =>
        fault is ApiFaultException or HttpRequestException or IOException;

    private async Task<string> ListAsync(CancellationToken stop)
    {
        JsonObject list = await client.GetAsync(path, stop);
        string kind = (list.Text("kind") ?? "").Replace("List", "", StringComparison.Ordinal);
        HashSet<string> present = new(StringComparer.Ordinal);
        foreach (JsonObject item in list.Items("items"))
        {
            // A list of a real server leaves out what all have in common.
            item.Default("kind", kind);
            item.Default("apiVersion", list["apiVersion"]?.DeepClone());
            present.Add(item.KeyOf());
            _objects[item.KeyOf()] = item;
        }

        foreach (string gone in _objects.Keys.Where(key => !present.Contains(key)))
            _objects.TryRemove(gone, out _);
        _listed.TrySetResult();
        onChange();
        return list.Text("metadata", "resourceVersion") ?? "";
    }

    private async Task FollowAsync(string version, CancellationToken stop)
    {
        while (true)
        {
            string query = $"{path}?watch=true&allowWatchBookmarks=true&resourceVersion={version}";
            await foreach (JsonObject each in client.WatchAsync(query, stop))
            {
                JsonObject? value = each.Map("object");
                if (value is null || each.Text("type") == "ERROR")
                    throw new IOException(value.Text("message"));
                version = value.Text("metadata", "resourceVersion") ?? version;
                if (each.Text("type") == "BOOKMARK")
                    continue;
                if (each.Text("type") == "DELETED")
                    _objects.TryRemove(value.KeyOf(), out _);
                else
                    _objects[value.KeyOf()] = value;
                onChange();
            }
        }
    }
}
