using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Answers;

/// <summary>Tells clients which kinds there are, group by group or all in one.</summary>
internal static class Discovery
{
    private static readonly string[] ReadVerbs = ["get", "patch", "update"];

    /// <summary>/api</summary>
    public static JsonObject CoreVersions(string address) => new()
    {
        ["kind"] = "APIVersions",
        ["versions"] = new JsonArray("v1"),
        ["serverAddressByClientCIDRs"] = new JsonArray(
            new JsonObject { ["clientCIDR"] = "0.0.0.0/0", ["serverAddress"] = address }),
    };

    /// <summary>/apis</summary>
    public static JsonObject Groups(TypeTable types) => new()
    {
        ["kind"] = "APIGroupList",
        ["apiVersion"] = "v1",
        ["groups"] = new JsonArray([.. GroupsOf(types).Select(ToGroup)]),
    };

    /// <summary>/apis/GROUP</summary>
    public static JsonObject? Group(TypeTable types, string group)
    {
        IGrouping<string, ResourceType>? found = GroupsOf(types).FirstOrDefault(each => each.Key == group);
        if (found is null)
            return null;
        JsonObject answer = ToGroup(found);
        answer["kind"] = "APIGroup";
        answer["apiVersion"] = "v1";
        return answer;
    }

    /// <summary>/api/v1 and /apis/GROUP/VERSION</summary>
    public static JsonObject? Resources(TypeTable types, string group, string version)
    {
        ResourceType[] found =
            [.. types.Discovered.Where(type => type.Group == group && type.Version == version)];
        if (found.Length == 0)
            return null;
        return new JsonObject
        {
            ["kind"] = "APIResourceList",
            ["apiVersion"] = "v1",
            ["groupVersion"] = found[0].ApiVersion,
            ["resources"] = new JsonArray([.. found.SelectMany(ToResources)]),
        };
    }

    /// <summary>All that a path has below it in one answer, as newer clients ask for.</summary>
    public static JsonObject Aggregated(TypeTable types, bool isCore, string version) => new()
    {
        ["kind"] = "APIGroupDiscoveryList",
        ["apiVersion"] = $"apidiscovery.k8s.io/{version}",
        ["metadata"] = new JsonObject(),
        ["items"] = new JsonArray(
        [
            .. types.Discovered
                .GroupBy(type => type.Group)
                .Where(group => (group.Key.Length == 0) == isCore)
                .Select(ToAggregatedGroup),
        ]),
    };

    /// <summary>The subresources of a kind with what can be done to each, and the kind that they show.</summary>
    public static IEnumerable<(string Name, string[] Verbs, string ApiVersion, string Kind)> SubresourcesOf(
        ResourceType type)
    {
        if (type.HasStatus)
            yield return ("status", ReadVerbs, type.ApiVersion, type.Kind);
        if (type.Scale is not null)
            yield return ("scale", ReadVerbs, "autoscaling/v1", "Scale");
        if (type.Group.Length > 0)
            yield break;
        switch (type.Plural)
        {
            case "pods":
                yield return ("log", ["get"], "v1", "Pod");
                yield return ("eviction", ["create"], "policy/v1", "Eviction");
                yield return ("binding", ["create"], "v1", "Binding");
                break;
            case "serviceaccounts":
                yield return ("token", ["create"], "authentication.k8s.io/v1", "TokenRequest");
                break;
            case "namespaces":
                yield return ("finalize", ["update"], "v1", "Namespace");
                break;
        }
    }

    private static IEnumerable<IGrouping<string, ResourceType>> GroupsOf(TypeTable types) =>
        types.Discovered.Where(type => type.Group.Length > 0).GroupBy(type => type.Group);

    private static JsonObject ToGroup(IGrouping<string, ResourceType> group)
    {
        JsonObject[] versions =
        [
            .. group.Select(type => type.Version).Distinct().Select(version => new JsonObject
            {
                ["groupVersion"] = $"{group.Key}/{version}",
                ["version"] = version,
            }),
        ];
        return new JsonObject
        {
            ["name"] = group.Key,
            ["versions"] = new JsonArray([.. versions]),
            ["preferredVersion"] = versions[0].DeepClone(),
        };
    }

    private static IEnumerable<JsonObject> ToResources(ResourceType type)
    {
        yield return new JsonObject
        {
            ["name"] = type.Plural,
            ["singularName"] = type.Singular,
            ["namespaced"] = type.IsNamespaced,
            ["kind"] = type.Kind,
            ["verbs"] = JsonFields.ToArray(type.Verbs),
            ["shortNames"] = JsonFields.ToArray(type.ShortNames),
            ["categories"] = JsonFields.ToArray(type.Categories),
        };
        foreach ((string name, string[] verbs, string apiVersion, string kind) in SubresourcesOf(type))
        {
            (string group, string version) = Split(apiVersion);
            yield return new JsonObject
            {
                ["name"] = $"{type.Plural}/{name}",
                ["singularName"] = "",
                ["namespaced"] = type.IsNamespaced,
                ["group"] = group,
                ["version"] = version,
                ["kind"] = kind,
                ["verbs"] = JsonFields.ToArray(verbs),
            };
        }
    }

    private static JsonObject ToAggregatedGroup(IGrouping<string, ResourceType> group) => new()
    {
        ["metadata"] = new JsonObject { ["name"] = group.Key, ["creationTimestamp"] = null },
        ["versions"] = new JsonArray(
        [
            .. group.GroupBy(type => type.Version).Select(version => new JsonObject
            {
                ["version"] = version.Key,
                ["freshness"] = "Current",
                ["resources"] = new JsonArray([.. version.Select(ToAggregated)]),
            }),
        ]),
    };

    private static JsonObject ToAggregated(ResourceType type) => new()
    {
        ["resource"] = type.Plural,
        ["responseKind"] = ToKind(type.ApiVersion, type.Kind),
        ["scope"] = type.IsNamespaced ? "Namespaced" : "Cluster",
        ["singularResource"] = type.Singular,
        ["verbs"] = JsonFields.ToArray(type.Verbs),
        ["shortNames"] = JsonFields.ToArray(type.ShortNames),
        ["categories"] = JsonFields.ToArray(type.Categories),
        ["subresources"] = new JsonArray(
        [
            .. SubresourcesOf(type).Select(each => new JsonObject
            {
                ["subresource"] = each.Name,
                ["responseKind"] = ToKind(each.ApiVersion, each.Kind),
                ["verbs"] = JsonFields.ToArray(each.Verbs),
            }),
        ]),
    };

    private static JsonObject ToKind(string apiVersion, string kind)
    {
        (string group, string version) = Split(apiVersion);
        return new JsonObject { ["group"] = group, ["version"] = version, ["kind"] = kind };
    }

    private static (string Group, string Version) Split(string apiVersion) =>
        apiVersion.Split('/') is [var group, var version] ? (group, version) : ("", apiVersion);
}
