using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Patches;

/// <summary>Kubernetes' own patch for built-in kinds: a merge patch that knows which lists are merged by a key, with
/// directives in fields that begin with a dollar sign.</summary>
internal static class StrategicPatch
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string ElementOrder = "$setElementOrder/";
    private const string DeleteFromList = "$deleteFromPrimitiveList/";

    public static JsonObject Apply(JsonObject target, JsonObject patch, Shape shape)
    {
        string? directive = patch.Text(Directive);
        if (directive == "delete")
            return [];
        JsonObject result = directive == "replace" ? [] : target.Copy();
        if (patch[RetainKeys] is JsonArray retained)
        {
            HashSet<string> names = [.. retained.Texts()];
            foreach ((string name, _) in result.ToArray())
            {
                if (!names.Contains(name))
                    result.Remove(name);
            }
        }

        foreach ((string name, JsonNode? change) in patch)
        {
            if (!name.StartsWith('$'))
                ApplyField(result, name, change, shape.Field(name));
            else if (name.StartsWith(DeleteFromList, StringComparison.Ordinal))
                RemoveValues(result, name[DeleteFromList.Length..], change);
        }

        foreach ((string name, JsonNode? order) in patch)
        {
            if (name.StartsWith(ElementOrder, StringComparison.Ordinal))
                Order(result, name[ElementOrder.Length..], order, shape);
        }

        return result;
    }

    private static void ApplyField(JsonObject target, string name, JsonNode? change, Shape shape)
    {
        switch (change)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject map:
                target[name] = Apply(target[name] as JsonObject ?? [], map, shape);
                break;
            case JsonArray list when shape.ListType == "map":
                target[name] = MergeList(target[name] as JsonArray ?? [], list, shape);
                break;
            case JsonArray list when shape.ListType == "set" && target[name] is JsonArray before:
                foreach (JsonNode? value in list.Where(each => !before.Any(old => JsonFields.AreSame(old, each))))
                    before.Add(value?.DeepClone());
                break;
            default:
                target[name] = change.DeepClone();
                break;
        }
    }

    private static JsonArray MergeList(JsonArray before, JsonArray patch, Shape shape)
    {
        // A patch names elements by the first key only; the others are SSA's.
        string key = shape.Keys[0];
        bool isReplaced = patch.Items().Any(each => each.Count == 1 && each.Text(Directive) == "replace");
        List<JsonNode?> result = isReplaced ? [] : [.. before.Select(each => each?.DeepClone())];
        foreach (JsonObject change in patch.Items())
        {
            if (change.Count == 1 && change.ContainsKey(Directive))
                continue;
            int at = result.FindIndex(each => JsonFields.AreSame(each.At(key), change[key]));
            if (change.Text(Directive) == "delete")
            {
                if (at >= 0)
                    result.RemoveAt(at);
                continue;
            }

            JsonObject merged = Apply(at >= 0 ? (JsonObject)result[at]! : [], change, shape.Item());
            if (at >= 0)
                result[at] = merged;
            else
                result.Add(merged);
        }

        return new JsonArray([.. result]);
    }

    private static void RemoveValues(JsonObject target, string name, JsonNode? values)
    {
        if (target[name] is not JsonArray list || values is not JsonArray gone)
            return;
        foreach (JsonNode? value in list.Where(each => gone.Any(old => JsonFields.AreSame(old, each))).ToArray())
            list.Remove(value);
    }

    private static void Order(JsonObject target, string name, JsonNode? order, Shape shape)
    {
        if (target[name] is not JsonArray list || order is not JsonArray wanted)
            return;
        IReadOnlyList<string> keys = shape.Field(name).Keys;
        List<JsonNode?> sorted = [.. list.OrderBy(each => Place(each)).Select(each => each?.DeepClone())];
        target[name] = new JsonArray([.. sorted]);

        int Place(JsonNode? element)
        {
            for (int index = 0; index < wanted.Count; index++)
            {
                bool isSame = wanted[index] is JsonObject id && keys.Count > 0
                    ? JsonFields.AreSame(id[keys[0]], element.At(keys[0]))
                    : JsonFields.AreSame(wanted[index], element);
                if (isSame)
                    return index;
            }

            return int.MaxValue;
        }
    }
}
