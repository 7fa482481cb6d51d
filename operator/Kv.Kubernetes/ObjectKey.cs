using Kv.Kubernetes.Models;

namespace Kv.Kubernetes;

/// <summary>Which object of a kind: what queues and caches go by. The namespace is null for objects of the whole
/// cluster.</summary>
public readonly record struct ObjectKey(string? Namespace, string Name)
{
    public static ObjectKey Of(IMetadata<V1ObjectMeta> entity) => new(entity.Namespace(), entity.Name());

    public override string ToString() => Namespace is null ? Name : $"{Namespace}/{Name}";
}
