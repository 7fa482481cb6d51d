using System.Collections.Concurrent;
using System.Reflection;

namespace Kv.Kubernetes;

/// <summary>What the API calls a type of objects, read once from its <see cref="KubernetesEntityAttribute"/>.</summary>
public sealed record EntityKind(string Group, string Version, string Kind, string Plural)
{
    private static readonly ConcurrentDictionary<Type, EntityKind?> Known = new();

    /// <summary>As it stands in an object: group and version, or the version alone in the core group.</summary>
    public string ApiVersion { get; } = Group.Length == 0 ? Version : $"{Group}/{Version}";

    /// <exception cref="ArgumentException">The type has no <see cref="KubernetesEntityAttribute"/>.</exception>
    public static EntityKind Of<T>() => Of(typeof(T));

    /// <inheritdoc cref="Of{T}"/>
    public static EntityKind Of(Type type) =>
        Find(type) ?? throw new ArgumentException($"{type.Name} has no [KubernetesEntity].", nameof(type));

    internal static EntityKind? Find(Type type) => Known.GetOrAdd(type, static each =>
        each.GetCustomAttribute<KubernetesEntityAttribute>() is { } attribute
            ? new EntityKind(attribute.Group, attribute.ApiVersion, attribute.Kind, attribute.PluralName)
            : null);
}
