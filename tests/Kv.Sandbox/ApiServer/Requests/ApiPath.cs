using System.Diagnostics.CodeAnalysis;

namespace Kv.Sandbox.ApiServer.Requests;

/// <summary>What the path of a request names: <c>/api/v1/namespaces/a/pods/b/log</c> and the like.</summary>
internal sealed record ApiPath(
    string Group, string Version, string Namespace, string Resource, string Name, string Subresource)
{
    public static bool TryParse(string path, [NotNullWhen(true)] out ApiPath? parsed)
    {
        parsed = null;
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        bool isCore = parts is ["api", _, _, ..];
        bool isGroup = parts is ["apis", _, _, _, ..];
        if (!isCore && !isGroup)
            return false;
        string group = isCore ? "" : parts[1];
        string version = isCore ? parts[1] : parts[2];
        string[] rest = parts[(isCore ? 2 : 3)..];
        string space = "";

        // A namespace is itself a resource, so that /namespaces/a means it, and /namespaces/a/pods what is in it.
        if (rest is ["namespaces", var name, var resource, ..] && resource is not ("status" or "finalize"))
        {
            space = name;
            rest = rest[2..];
        }

        if (rest.Length > 3)
            return false;
        parsed = new ApiPath(group, version, space, rest[0], At(rest, 1), At(rest, 2));
        return true;
    }

    private static string At(string[] parts, int index) => index < parts.Length ? Uri.UnescapeDataString(
        parts[index]) : "";
}
