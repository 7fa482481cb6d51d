namespace Kv.Kubernetes.Models;

/// <summary>One page of objects.</summary>
public sealed class KubernetesList<T> : KubernetesObject, IMetadata<V1ListMeta>, IItems<T>
{
    private IList<T> _items = [];

    public V1ListMeta Metadata { get; set; } = new();

    /// <summary>Never null, though some servers write an empty list so.</summary>
    public IList<T> Items
    {
        get => _items;
        set => _items = value ?? [];
    }
}
