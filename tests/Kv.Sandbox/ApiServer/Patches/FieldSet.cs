using System.Text.Json;
using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Patches;

/// <summary>A set of fields of an object, as a tree in the form of FieldsV1: <c>f:name</c> for a field, <c>k:{..}</c>
/// for an element of a list with keys, <c>v:..</c> for a value of a list that is a set. A node is in the set itself if
/// it is <see cref="IsMember"/>; others are only on the way to one.</summary>
internal sealed class FieldSet
{
    private const string Self = ".";

    private readonly SortedDictionary<string, FieldSet> _children = new(StringComparer.Ordinal);

    public bool IsMember { get; private set; }

    public bool IsEmpty => !IsMember && _children.Count == 0;

    public IReadOnlyDictionary<string, FieldSet> Children => _children;

    /// <summary>All fields of a value: its leaves, and the elements of its lists.</summary>
    public static FieldSet Of(JsonNode? value, Shape shape)
    {
        var set = new FieldSet();
        switch (value)
        {
            case JsonObject { Count: > 0 } map when !shape.IsAtomicMap:
                foreach ((string name, JsonNode? field) in map)
                    set._children["f:" + name] = Of(field, shape.Field(name));
                break;
            case JsonArray { Count: > 0 } list when shape.ListType == "map":
                foreach (JsonNode? item in list)
                {
                    FieldSet element = Of(item, shape.Item());
                    element.IsMember = true;
                    set._children[KeyOf(item, shape)] = element;
                }

                break;
            case JsonArray { Count: > 0 } list when shape.ListType == "set":
                foreach (JsonNode? item in list)
                {
                    set._children["v:" + (item?.ToJsonString(
                        JsonText.Plain) ?? "null")] = new FieldSet { IsMember = true };
                }

                break;
            default:
                set.IsMember = true;
                break;
        }

        return set;
    }

    /// <summary>How an element of a list with keys is named.</summary>
    public static string KeyOf(JsonNode? item, Shape shape)
    {
        JsonObject key = [];
        foreach (string name in shape.Keys.Order(StringComparer.Ordinal))
        {
            // What Kubernetes fills in is part of the key before it is filled in.
            JsonNode? part = item.At(name)?.DeepClone() ?? (name == "protocol" ? "TCP" : null);
            if (part is not null)
                key[name] = part;
        }

        return "k:" + key.ToJsonString(JsonText.Plain);
    }

    public static FieldSet Parse(JsonNode? fields)
    {
        var set = new FieldSet();
        if (fields is not JsonObject map)
            return set;
        foreach ((string name, JsonNode? child) in map)
        {
            if (name == Self)
            {
                set.IsMember = true;
                continue;
            }

            FieldSet parsed = Parse(child);
            parsed.IsMember |= child is JsonObject { Count: 0 };
            set._children[Normal(name)] = parsed;
        }

        return set;
    }

    public JsonObject ToJson()
    {
        JsonObject map = [];
        if (IsMember && _children.Count > 0)
            map[Self] = new JsonObject();
        foreach ((string name, FieldSet child) in _children)
            map[name] = child.ToJson();
        return map;
    }

    public FieldSet Union(FieldSet other) => Combine(other, (left, right) => left || right);

    public FieldSet Except(FieldSet other) => Combine(other, (left, right) => left && !right);

    public FieldSet Intersect(FieldSet other) => Combine(other, (left, right) => left && right);

    public bool HasSame(FieldSet other) => JsonFields.AreSame(ToJson(), other.ToJson()) && IsMember == other.IsMember;

    /// <summary>Without what stands below a path of field names.</summary>
    public FieldSet Without(params ReadOnlySpan<string> path)
    {
        var copy = new FieldSet { IsMember = IsMember };
        foreach ((string name, FieldSet child) in _children)
        {
            if (name != "f:" + path[0])
                copy._children[name] = child;
            else if (path.Length > 1 && child.Without(path[1..]) is { IsEmpty: false } rest)
                copy._children[name] = rest;
        }

        return copy;
    }

    /// <summary>Only what stands below a field.</summary>
    public FieldSet Only(string field)
    {
        var copy = new FieldSet();
        if (_children.TryGetValue("f:" + field, out FieldSet? child))
            copy._children["f:" + field] = child;
        return copy;
    }

    /// <summary>The members as paths that people read, such as <c>.spec.containers[name="a"].image</c>.</summary>
    public IEnumerable<string> Paths(string prefix = "")
    {
        if (IsMember)
            yield return prefix;
        foreach ((string name, FieldSet child) in _children)
        {
            foreach (string path in child.Paths(prefix + ToText(name)))
                yield return path;
        }
    }

    private static string ToText(string name) => name[..2] switch
    {
        "f:" => "." + name[2..],
        "k:" => "[" + string.Join(',', JsonFields.ParseObject(name[2..]).Select(
            pair => $"{pair.Key}={pair.Value?.ToJsonString(JsonText.Plain)}")) + "]",
        _ => $"[={name[2..]}]",
    };

    // Others may write the key of an element with other escapes.
    private static string Normal(string name)
    {
        if (!name.StartsWith("k:", StringComparison.Ordinal))
            return name;
        try
        {
            return "k:" + JsonFields.ParseObject(name[2..]).ToJsonString(JsonText.Plain);
        }
        catch (JsonException)
        {
            return name;
        }
    }

    private FieldSet Combine(FieldSet other, Func<bool, bool, bool> rule)
    {
        var result = new FieldSet { IsMember = rule(IsMember, other.IsMember) };
        foreach (string name in _children.Keys.Union(other._children.Keys))
        {
            var none = new FieldSet();
            FieldSet child = _children.GetValueOrDefault(name, none)
                .Combine(other._children.GetValueOrDefault(name, none), rule);
            if (!child.IsEmpty)
                result._children[name] = child;
        }

        return result;
    }
}
