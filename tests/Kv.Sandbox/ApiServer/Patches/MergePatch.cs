using System.Text.Json.Nodes;

namespace Kv.Sandbox.ApiServer.Patches;

/// <summary>Fields replace fields, nulls remove them (RFC 7386).</summary>
internal static class MergePatch
{
    public static JsonObject Apply(JsonObject target, JsonObject patch)
    {
        foreach ((string name, JsonNode? change) in patch)
        {
            if (change is null)
                target.Remove(name);
            else if (change is JsonObject map)
                target[name] = Apply(target[name] is JsonObject before ? Detach(target, name, before) : [], map);
            else
                target[name] = change.DeepClone();
        }

        return target;
    }

    private static JsonObject Detach(JsonObject parent, string name, JsonObject child)
    {
        parent[name] = null;
        return child;
    }
}
