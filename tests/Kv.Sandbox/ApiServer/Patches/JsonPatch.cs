using System.Globalization;
using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Patches;

/// <summary>A list of operations at places that pointers name (RFC 6902).</summary>
internal static class JsonPatch
{
    /// <exception cref="RefusedException">An operation cannot be done, or a test fails.</exception>
    public static JsonObject Apply(JsonObject target, JsonArray operations)
    {
        JsonNode? root = target.Copy();
        foreach (JsonNode? operation in operations)
            root = Apply(root, operation);
        return root as JsonObject ?? throw Fault("the document is no object any more");
    }

    private static JsonNode? Apply(JsonNode? root, JsonNode? operation)
    {
        string name = operation.Text("op") ?? throw Fault("an operation has no op");
        string[] path = Parse(operation.Text("path"));
        switch (name)
        {
            case "add":
                return Add(root, path, operation.At("value")?.DeepClone());
            case "remove":
                return Remove(root, path);
            case "replace":
                Find(root, path);
                return path.Length == 0
                    ? operation.At("value")?.DeepClone()
                    : Add(Remove(root, path), path, operation.At("value")?.DeepClone());
            case "move":
                string[] source = Parse(operation.Text("from"));
                JsonNode? moved = Find(root, source)?.DeepClone();
                return Add(Remove(root, source), path, moved);
            case "copy":
                return Add(root, path, Find(root, Parse(operation.Text("from")))?.DeepClone());
            case "test":
                return JsonFields.AreSame(FindOrNull(root, path), operation.At("value"))
                    ? root
                    : throw Fault($"testing value {operation.Text("path")} failed");
            default:
                throw Fault($"unknown operation '{name}'");
        }
    }

    private static string[] Parse(string? pointer)
    {
        if (pointer is null || (pointer.Length > 0 && pointer[0] != '/'))
            throw Fault("an operation has no path");
        return
        [
            .. pointer.Split('/').Skip(1).Select(part => part
                .Replace("~1", "/", StringComparison.Ordinal)
                .Replace("~0", "~", StringComparison.Ordinal)),
        ];
    }

    private static JsonNode? FindOrNull(JsonNode? root, string[] path)
    {
        try
        {
            return Find(root, path);
        }
        catch (RefusedException)
        {
            return null; // a test for null passes where there is nothing
        }
    }

    private static JsonNode? Find(JsonNode? root, ReadOnlySpan<string> path)
    {
        foreach (string part in path)
        {
            root = root switch
            {
                JsonObject map when map.TryGetPropertyValue(part, out JsonNode? field) => field,
                JsonArray list when TryIndex(part, list.Count - 1, out int index) => list[index],
                _ => throw Fault($"there is nothing at '{string.Join('/', path)}'"),
            };
        }

        return root;
    }

    private static JsonNode? Add(JsonNode? root, string[] path, JsonNode? value)
    {
        if (path.Length == 0)
            return value;
        switch (Find(root, path.AsSpan(..^1)))
        {
            case JsonObject map:
                map[path[^1]] = value;
                return root;
            case JsonArray list when path[^1] == "-":
                list.Add(value);
                return root;
            case JsonArray list when TryIndex(path[^1], list.Count, out int index):
                list.Insert(index, value);
                return root;
            default:
                throw Fault($"nothing can be added at '{string.Join('/', path)}'");
        }
    }

    private static JsonNode? Remove(JsonNode? root, string[] path)
    {
        Find(root, path);
        if (path.Length == 0)
            return null;
        if (Find(root, path.AsSpan(..^1)) is JsonArray list)
            list.RemoveAt(int.Parse(path[^1], CultureInfo.InvariantCulture));
        else
            ((JsonObject)Find(root, path.AsSpan(..^1))!).Remove(path[^1]);
        return root;
    }

    private static bool TryIndex(string text, int most, out int index) =>
        int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out index) && index <= most;

    private static RefusedException Fault(string message) =>
        new(422, "Invalid", $"the server rejected our request due to an error in our request: {message}");
}
