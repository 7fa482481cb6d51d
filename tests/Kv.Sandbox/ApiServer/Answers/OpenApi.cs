using System.Text.Json.Nodes;
using Kv.Sandbox.ApiServer.Types;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Answers;

/// <summary>The descriptions of kinds in OpenAPI 3, one document for each version of a group: whole ones for custom
/// resources, and for what is built in as much as clients need to know that it is there.</summary>
internal static class OpenApi
{
    private const string KindKey = "x-kubernetes-group-version-kind";

    /// <summary>/openapi/v3</summary>
    public static JsonObject Index(TypeTable types)
    {
        JsonObject paths = [];
        foreach (IGrouping<string, ResourceType> version in types.Discovered.GroupBy(PathOf))
        {
            int hash = Document(types, version.Key)!.ToJsonString().GetHashCode(StringComparison.Ordinal);
            paths[version.Key] = new JsonObject
            {
                ["serverRelativeURL"] = $"/openapi/v3/{version.Key}?hash={hash:X8}",
            };
        }

        return new JsonObject { ["paths"] = paths };
    }

    /// <summary>/openapi/v3/PATH; null if there is nothing at that path.</summary>
    public static JsonObject? Document(TypeTable types, string path)
    {
        ResourceType[] found = [.. types.Discovered.Where(type => PathOf(type) == path)];
        if (found.Length == 0)
            return null;
        JsonObject paths = [];
        JsonObject schemas = [];
        foreach (ResourceType type in found)
        {
            string name = SchemaNameOf(type);
            schemas[name] = SchemaOf(type);
            JsonObject operations = Operations(type, name);
            string scope = type.IsNamespaced ? "/namespaces/{namespace}" : "";
            paths[$"/{path}{scope}/{type.Plural}"] = new JsonObject
            {
                ["get"] = operations["get"]?.DeepClone(),
                ["post"] = operations["post"]?.DeepClone(),
            };
            operations.Remove("post");
            paths[$"/{path}{scope}/{type.Plural}/{{name}}"] = operations;
        }

        return new JsonObject
        {
            ["openapi"] = "3.0.0",
            ["info"] = new JsonObject { ["title"] = "Kubernetes", ["version"] = "v1.32.0" },
            ["paths"] = paths,
            ["components"] = new JsonObject { ["schemas"] = schemas },
        };
    }

    private static string PathOf(ResourceType type) =>
        type.Group.Length == 0 ? "api/v1" : $"apis/{type.Group}/{type.Version}";

    private static string SchemaNameOf(ResourceType type)
    {
        string group = type.Group.Length == 0
            ? "io.k8s.api.core"
            : string.Join('.', type.Group.Split('.').Reverse());
        return $"{group}.{type.Version}.{type.Kind}";
    }

    private static JsonObject SchemaOf(ResourceType type)
    {
        JsonObject schema = type.Schema?.Source.Copy() ?? new JsonObject
        {
            ["type"] = "object",
            ["description"] = $"{type.Kind} is built in; this server does not describe its fields.",
            ["x-kubernetes-preserve-unknown-fields"] = true,
        };
        JsonObject properties = schema.Ensure("properties");
        properties["apiVersion"] = new JsonObject
        {
            ["type"] = "string",
            ["description"] = "The group and version of the kind."
        };
        properties["kind"] = new JsonObject { ["type"] = "string", ["description"] = "The kind of the object." };
        properties["metadata"] = new JsonObject { ["type"] = "object", ["description"] = "Name, labels and the like." };
        schema[KindKey] = new JsonArray(KindOf(type));
        return schema;
    }

    private static JsonObject KindOf(ResourceType type) =>
        new() { ["group"] = type.Group, ["version"] = type.Version, ["kind"] = type.Kind };

    private static JsonObject Operations(ResourceType type, string schemaName)
    {
        JsonObject operations = [];
        foreach ((string method, string action) in new[]
        {
            ("get", "get"), ("post", "post"), ("put", "put"), ("patch", "patch"), ("delete", "delete"),
        })
        {
            JsonObject operation = new()
            {
                ["operationId"] = $"{method}{type.Group}{type.Version}{type.Kind}",
                ["x-kubernetes-action"] = action,
                [KindKey] = KindOf(type),
                ["responses"] = new JsonObject { ["200"] = Answer(schemaName) },
            };
            if (method is "post" or "put" or "patch")
            {
                operation["parameters"] = new JsonArray(Query("dryRun"), Query("fieldManager"), Query(
                    "fieldValidation"));
            }

            operations[method] = operation;
        }

        return operations;
    }

    private static JsonObject Answer(string schemaName) => new()
    {
        ["description"] = "OK",
        ["content"] = new JsonObject
        {
            ["application/json"] = new JsonObject
            {
                ["schema"] = new JsonObject { ["$ref"] = $"#/components/schemas/{schemaName}" },
            },
        },
    };

    private static JsonObject Query(string name) => new()
    {
        ["name"] = name,
        ["in"] = "query",
        ["schema"] = new JsonObject { ["type"] = "string", ["uniqueItems"] = true },
    };
}
