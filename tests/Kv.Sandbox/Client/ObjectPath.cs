using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.Client;

/// <summary>Where objects are served.</summary>
internal static class ObjectPath
{
    /// <summary>Of a kind in one namespace, or, without one, of all or of a kind that has none.</summary>
    public static string Of(string apiVersion, string plural, string space = "", string name = "")
    {
        string root = apiVersion.Contains('/', StringComparison.Ordinal) ? $"/apis/{apiVersion}" : $"/api/{apiVersion}";
        string scope = space.Length > 0 ? $"/namespaces/{space}" : "";
        return $"{root}{scope}/{plural}{(name.Length > 0 ? "/" + name : "")}";
    }

    public static string Core(string plural, string space = "", string name = "") => Of("v1", plural, space, name);

    /// <summary>Of an object whose plural is known.</summary>
    public static string To(this JsonObject value, string apiVersion, string plural) =>
        Of(apiVersion, plural, value.Text("metadata", "namespace") ?? "", value.Text("metadata", "name") ?? "");

    /// <summary>namespace/name</summary>
    public static string KeyOf(this JsonObject value) =>
        $"{value.Text("metadata", "namespace")}/{value.Text("metadata", "name")}";
}
