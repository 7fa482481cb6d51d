using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Patches;
using Kv.Sandbox.ApiServer.Rules;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Verbs;

/// <summary>The fields of an object that the server keeps: identity, times, generation, and what a write may not
/// touch.</summary>
internal static class ObjectMetadata
{
    private static readonly string[] Kept =
        ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "generateName"];

    /// <summary>Gives a new object its identity.</summary>
    public static void Begin(JsonObject metadata)
    {
        if (metadata.Text("name") is not { Length: > 0 } && metadata.Text("generateName") is { Length: > 0 } prefix)
            metadata["name"] = ObjectNames.Generate(prefix);
        foreach (string name in Kept.Append("selfLink").Append("resourceVersion"))
        {
            if (name != "generateName")
                metadata.Remove(name);
        }

        metadata["uid"] = Guid.NewGuid().ToString();
        metadata["creationTimestamp"] = ManagedFields.Writer.Now;
        metadata["generation"] = 1;
    }

    /// <summary>What an update makes of an object: only what this way of writing may change.</summary>
    public static JsonObject Carry(ResourceType type, JsonObject old, JsonObject wanted, string subresource)
    {
        JsonObject next;
        if (subresource == "status")
        {
            next = old.Copy();
            next["status"] = wanted["status"]?.DeepClone();
            if (next["status"] is null)
                next.Remove("status");
            CarryStatusMetadata(type, wanted, next);
        }
        else
        {
            next = wanted.Copy();
            if (type.HasStatus)
                Replace(next, "status", old["status"]);
        }

        JsonObject metadata = next.Ensure("metadata");
        foreach (string name in Kept)
            Replace(metadata, name, old.At("metadata", name));
        Replace(metadata, "resourceVersion", old.At("metadata", "resourceVersion"));
        metadata.Remove("selfLink");
        return next;
    }

    /// <summary>Counts up if what is wanted has changed, which is all but metadata and status.</summary>
    public static void CountGeneration(ResourceType type, JsonObject old, JsonObject next)
    {
        bool countsAll = type.Kind is not ("Pod" or "Node" or "Event" or "ConfigMap" or "Secret" or "Endpoints");
        bool hasChanged = countsAll && !JsonFields.AreSame(Wish(type, old), Wish(type, next));
        if (hasChanged)
            next.Ensure("metadata")["generation"] = (old.Number("metadata", "generation") ?? 0) + 1;
    }

    /// <summary>Whether an object that is being deleted has nothing left to wait for.</summary>
    public static bool IsFinished(ResourceType type, JsonObject value)
    {
        if (value.Text("metadata", "deletionTimestamp") is null || value.Texts("metadata", "finalizers").Any())
            return false;
        bool hasGrace = type.Kind == "Pod" && value.Number("metadata", "deletionGracePeriodSeconds") > 0;
        bool hasContent = type.Kind == "Namespace" && value.Texts("spec", "finalizers").Any();
        return !hasGrace && !hasContent;
    }

    public static IEnumerable<FieldFault> FindFaults(JsonObject value, JsonObject? old)
    {
        string[] finalizers = [.. value.Texts("metadata", "finalizers")];
        if (old.Text("metadata", "deletionTimestamp") is not null
            && finalizers.Except(old.Texts("metadata", "finalizers")).ToArray() is { Length: > 0 } added)
        {
            yield return FieldFault.Forbidden("metadata.finalizers",
                "no new finalizers can be added if the object is being deleted, found new finalizers "
                + $"[\"{string.Join("\", \"", added)}\"]");
        }

        JsonObject[] owners = [.. value.Items("metadata", "ownerReferences")];
        foreach ((int index, JsonObject owner) in owners.Index())
        {
            foreach (string field in new[] { "apiVersion", "kind", "name", "uid" })
            {
                if (owner.Text(field) is not { Length: > 0 })
                {
                    yield return FieldFault.Invalid($"metadata.ownerReferences[{index}].{field}", "",
                        $"{field} must not be empty");
                }
            }
        }

        if (owners.Count(owner => owner.Flag("controller")) > 1)
        {
            yield return FieldFault.Invalid("metadata.ownerReferences", owners.Length,
                "Only one reference can have Controller set to true");
        }
    }

    // Built-in kinds let their status be written with labels and annotations, custom ones do not.
    private static void CarryStatusMetadata(ResourceType type, JsonObject wanted, JsonObject next)
    {
        JsonObject metadata = next.Ensure("metadata");
        if (wanted.At("metadata", "managedFields") is { } managed)
            metadata["managedFields"] = managed.DeepClone();
        if (type.Schema is not null)
            return;
        foreach (string name in new[] { "labels", "annotations" })
            Replace(metadata, name, wanted.At("metadata", name));
    }

    private static void Replace(JsonObject map, string name, JsonNode? value)
    {
        if (value is null)
            map.Remove(name);
        else
            map[name] = value.DeepClone();
    }

    private static JsonObject Wish(ResourceType type, JsonObject value)
    {
        JsonObject wish = value.Copy();
        wish.Remove("metadata");
        if (type.HasStatus || type.Schema is null)
            wish.Remove("status");
        return wish;
    }
}
