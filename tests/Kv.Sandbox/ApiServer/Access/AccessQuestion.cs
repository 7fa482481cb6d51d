using System.Text.Json.Nodes;
using Kv.Sandbox.Json;

namespace Kv.Sandbox.ApiServer.Access;

/// <summary>May somebody do this?</summary>
/// <param name="Resource">With the subresource, as in pods/log; empty for a path that is no resource.</param>
internal sealed record AccessQuestion(
    string Verb, string Group, string Resource, string Namespace, string Name, string Path = "")
{
    /// <summary>Whether a rule of a role allows it.</summary>
    public bool IsAllowedBy(JsonObject rule)
    {
        if (!Has(rule, "verbs", Verb))
            return false;
        if (Resource.Length == 0)
            return rule.Texts("nonResourceURLs").Any(IsPath);
        string[] names = [.. rule.Texts("resourceNames")];
        return Has(rule, "apiGroups", Group)
            && (Has(rule, "resources", Resource) || HasAnySubresource(rule))
            && (names.Length == 0 || names.Contains(Name));
    }

    /// <summary>How a refusal words it.</summary>
    public string ToText(Identity who)
    {
        if (Resource.Length == 0)
            return $"User \"{who.Name}\" cannot {Verb} path \"{Path}\"";
        string where = Namespace.Length == 0 ? "at the cluster scope" : $"in the namespace \"{Namespace}\"";
        return $"User \"{who.Name}\" cannot {Verb} resource \"{Resource}\" in API group \"{Group}\" {where}";
    }

    private static bool Has(JsonObject rule, string field, string wanted) =>
        rule.Texts(field).Any(each => each == "*" || each == wanted);

    private bool HasAnySubresource(JsonObject rule)
    {
        int slash = Resource.IndexOf('/', StringComparison.Ordinal);
        return slash > 0 && rule.Texts("resources").Contains("*" + Resource[slash..]);
    }

    private bool IsPath(string pattern) => pattern.EndsWith('*')
        ? Path.StartsWith(pattern[..^1], StringComparison.Ordinal)
        : Path == pattern;
}
