using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Answers;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Patches;

/// <summary>Server-side apply: a manager says all fields that it has an opinion on. They are merged into the object,
/// what it said earlier and says no more goes if nobody else manages it, and what others manage with another value is
/// a conflict.</summary>
internal static class ApplyPatch
{
    /// <param name="live">The object as it is; null if it is not there.</param>
    /// <exception cref="RefusedException">Others manage fields, and it is not forced.</exception>
    public static JsonObject Apply(
        ResourceType type, JsonObject? live, JsonObject applied, ManagedFields.Writer writer, bool isForced)
    {
        var shape = Shape.Of(type);
        FieldSet wanted = ManagedFields.Owned(FieldSet.Of(applied, shape), writer.Subresource);
        if (live is null)
        {
            JsonObject created = applied.Copy();
            var fields = ManagedFields.Of([]);
            fields.OnApply(writer, wanted, forced: new FieldSet());
            fields.WriteTo(created);
            return created;
        }

        var managed = ManagedFields.Of(live);
        FieldSet conflicts = FindConflicts(managed, live, applied, wanted, writer, shape, isForced);
        JsonObject merged = Merge(live.Copy(), applied, shape);
        FieldSet kept = managed.OfOthers(writer).Union(wanted);
        FieldChanges.Remove(managed.AppliedBy(writer).Except(kept), kept, merged, shape);
        managed.OnApply(writer, wanted, conflicts);
        managed.WriteTo(merged);
        return merged;
    }

    private static FieldSet FindConflicts(
        ManagedFields managed,
        JsonObject live,
        JsonObject applied,
        FieldSet wanted,
        ManagedFields.Writer writer,
        Shape shape,
        bool isForced)
    {
        FieldSet differing = FieldChanges.Differing(wanted, live, applied, shape);
        FieldSet all = new();
        List<JsonNode?> causes = [];
        foreach (ManagedFields.Entry entry in managed.Entries.Where(each => !each.IsApplyOf(writer)))
        {
            FieldSet conflict = entry.Fields.Intersect(differing);
            all = all.Union(conflict);
            foreach (string path in conflict.Paths())
            {
                string through = entry.Subresource.Length > 0 ? $" with subresource \"{entry.Subresource}\"" : "";
                string by = entry.Operation == "Apply" ? "" : $" using {entry.ApiVersion}";
                causes.Add(new JsonObject
                {
                    ["reason"] = "FieldManagerConflict",
                    ["message"] = $"conflict with \"{entry.Manager}\"{through}{by}",
                    ["field"] = path,
                });
            }
        }

        if (causes.Count == 0 || isForced)
            return all;
        string list = string.Join('\n', causes.Select(cause => $"{cause.Text("message")}: {cause.Text("field")}"));
        throw new RefusedException(409, "Conflict",
            $"Apply failed with {causes.Count} conflict{(causes.Count > 1 ? "s" : "")}: {list}",
            new JsonObject { ["causes"] = new JsonArray([.. causes]) });
    }

    private static JsonObject Merge(JsonObject live, JsonObject applied, Shape shape)
    {
        foreach ((string name, JsonNode? value) in applied)
            live[name] = MergeValue(live[name], value, shape.Field(name));
        return live;
    }

    private static JsonNode? MergeValue(JsonNode? live, JsonNode? applied, Shape shape)
    {
        switch (live, applied)
        {
            case (JsonObject before, JsonObject map) when !shape.IsAtomicMap:
                return Merge(before.Copy(), map, shape);
            case (JsonArray before, JsonArray list) when shape.ListType == "map":
                return MergeElements(before, list, shape);
            case (JsonArray before, JsonArray list) when shape.ListType == "set":
                IEnumerable<JsonNode?> fresh = list.Where(each => !before.Any(old => JsonFields.AreSame(old, each)));
                return new JsonArray([.. before.Concat(fresh).Select(each => each?.DeepClone())]);
            default:
                return applied?.DeepClone();
        }
    }

    private static JsonArray MergeElements(JsonArray before, JsonArray applied, Shape shape)
    {
        List<JsonNode?> result = [.. before.Select(each => each?.DeepClone())];
        foreach (JsonNode? element in applied)
        {
            string key = FieldSet.KeyOf(element, shape);
            int at = result.FindIndex(each => FieldSet.KeyOf(each, shape) == key);
            if (at >= 0)
                result[at] = MergeValue(result[at], element, shape.Item());
            else
                result.Add(element?.DeepClone());
        }

        return new JsonArray([.. result]);
    }
}
