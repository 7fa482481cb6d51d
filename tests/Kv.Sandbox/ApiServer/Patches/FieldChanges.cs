using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Patches;

/// <summary>Finds fields of objects by the names that field sets give them.</summary>
internal static class FieldChanges
{
    /// <summary>The fields of <paramref name="after"/> that are new or have another value than before.</summary>
    public static FieldSet Find(JsonNode? before, JsonNode? after, Shape shape)
    {
        var all = FieldSet.Of(after, shape);
        return Differing(all, before, after, shape);
    }

    /// <summary>Of the fields of a set, those which two objects do not have alike.</summary>
    public static FieldSet Differing(FieldSet set, JsonNode? left, JsonNode? right, Shape shape)
    {
        JsonObject result = [];
        Collect(set, left, right, shape, result);
        return FieldSet.Parse(result);
    }

    /// <summary>Removes the fields of a set from an object. An element of a list goes as a whole, with what the server
    /// filled in, unless something in it is kept.</summary>
    public static void Remove(FieldSet set, FieldSet kept, JsonNode? node, Shape shape)
    {
        var none = new FieldSet();
        foreach ((string name, FieldSet child) in set.Children)
        {
            JsonNode? value = Child(node, name, shape);
            FieldSet keptChild = kept.Children.GetValueOrDefault(name, none);
            if (name[0] == 'k' && child.IsMember && keptChild.IsEmpty)
            {
                RemoveChild(node, name, value);
                continue;
            }

            if (child.Children.Count > 0)
                Remove(child, keptChild, value, ShapeOf(name, shape));
            bool isEmptied = child.Children.Count > 0 && value is JsonObject { Count: 0 } or JsonArray { Count: 0 };
            bool isLeaf = child.IsMember && child.Children.Count == 0;
            if (keptChild.IsEmpty && (isLeaf || isEmptied))
                RemoveChild(node, name, value);
        }
    }

    private static void RemoveChild(JsonNode? node, string name, JsonNode? value)
    {
        if (node is JsonObject map)
            map.Remove(name[2..]);
        else if (node is JsonArray list)
            list.Remove(value);
    }

    private static bool Collect(FieldSet set, JsonNode? left, JsonNode? right, Shape shape, JsonObject into)
    {
        bool hasAny = false;
        if (set.IsMember && set.Children.Count == 0 && !JsonFields.AreSame(left, right))
            return true;
        if (set.IsMember && set.Children.Count > 0 && (left is null) != (right is null))
        {
            into["."] = new JsonObject();
            hasAny = true;
        }

        foreach ((string name, FieldSet child) in set.Children)
        {
            JsonObject below = [];
            JsonNode? leftChild = Child(left, name, shape);
            JsonNode? rightChild = Child(right, name, shape);
            if (!Collect(child, leftChild, rightChild, ShapeOf(name, shape), below))
                continue;
            into[name] = below;
            hasAny = true;
        }

        return hasAny;
    }

    private static Shape ShapeOf(string name, Shape shape) =>
        name[0] == 'f' ? shape.Field(name[2..]) : shape.Item();

    private static JsonNode? Child(JsonNode? node, string name, Shape shape)
    {
        if (node is JsonObject map && name[0] == 'f')
            return map[name[2..]];
        if (node is not JsonArray list)
            return null;
        return name[0] == 'k'
            ? list.FirstOrDefault(each => FieldSet.KeyOf(each, shape) == name)
            : list.FirstOrDefault(each => each?.ToJsonString(JsonText.Plain) == name[2..]);
    }
}
