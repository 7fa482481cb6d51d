namespace Kv.Kubernetes.Client;

/// <summary>Where things are in the API, relative to the server's URL.</summary>
internal static class ApiPath
{
    public static string OfVersion(EntityKind kind) =>
        kind.Group.Length == 0 ? $"api/{kind.Version}" : $"apis/{kind.Group}/{kind.Version}";

    public static string OfList(EntityKind kind, string? @namespace) =>
        @namespace is null
            ? $"{OfVersion(kind)}/{kind.Plural}"
            : $"{OfVersion(kind)}/namespaces/{Escape(@namespace)}/{kind.Plural}";

    /// <exception cref="ArgumentException">There is no name: the path would be the list's.</exception>
    public static string OfObject(EntityKind kind, string? @namespace, string name, string? subresource = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        string path = $"{OfList(kind, @namespace)}/{Escape(name)}";
        return subresource is null ? path : $"{path}/{subresource}";
    }

    private static string Escape(string segment)
    {
        // A URI is normalised before it is sent, and these would be gone.
        if (segment is "." or "..")
            throw new ArgumentException($"'{segment}' is not a name.", nameof(segment));
        return Uri.EscapeDataString(segment);
    }
}
