using Kv.Kubernetes.Models;

namespace Kv.Kubernetes;

/// <summary>What is asked of every object, without walking through its metadata each time.</summary>
public static class ModelExtensions
{
    extension(IMetadata<V1ObjectMeta> entity)
    {
        /// <summary>Empty if it has none yet.</summary>
        public string Name() => entity.Metadata.Name ?? "";

        /// <summary>Null for an object of the whole cluster.</summary>
        public string? Namespace() => entity.Metadata.NamespaceProperty;

        /// <summary>Empty if the server has not seen it yet.</summary>
        public string Uid() => entity.Metadata.Uid ?? "";

        public string? ResourceVersion() => entity.Metadata.ResourceVersion;

        public long Generation() => entity.Metadata.Generation ?? 0;

        public DateTime? CreationTimestamp() => entity.Metadata.CreationTimestamp;

        public DateTime? DeletionTimestamp() => entity.Metadata.DeletionTimestamp;

        public IDictionary<string, string> EnsureMetadataLabels() =>
            entity.Metadata.Labels ??= new Dictionary<string, string>();

        public IDictionary<string, string> EnsureMetadataAnnotations() =>
            entity.Metadata.Annotations ??= new Dictionary<string, string>();

        public string? GetLabel(string key) => Get(entity.Metadata.Labels, key);

        public string? GetAnnotation(string key) => Get(entity.Metadata.Annotations, key);

        /// <summary>Null removes it.</summary>
        public void SetLabel(string key, string? value) => Set(entity.EnsureMetadataLabels(), key, value);

        /// <inheritdoc cref="SetLabel"/>
        public void SetAnnotation(string key, string? value) => Set(entity.EnsureMetadataAnnotations(), key, value);

        public IList<V1OwnerReference> OwnerReferences() => entity.Metadata.OwnerReferences ?? [];

        public void AddOwnerReference(V1OwnerReference owner) =>
            (entity.Metadata.OwnerReferences ??= []).Add(owner);

        /// <summary>The owner that controls it; at most one does.</summary>
        public V1OwnerReference? GetController() =>
            entity.Metadata.OwnerReferences?.FirstOrDefault(owner => owner.Controller == true);

        /// <summary>Whether that very object owns it, not another one that has its name.</summary>
        public bool IsOwnedBy(IMetadata<V1ObjectMeta> owner) =>
            entity.Metadata.OwnerReferences?.Any(each => each.Uid == owner.Metadata.Uid) == true;

        public bool HasFinalizer(string finalizer) => entity.Metadata.Finalizers?.Contains(finalizer) == true;
    }

    /// <summary>A reference that makes <paramref name="owner"/> the controller of what carries it.</summary>
    public static V1OwnerReference MakeOwnerReference(this IKubernetesObject<V1ObjectMeta> owner) => new()
    {
        ApiVersion = owner.ApiVersion,
        Kind = owner.Kind,
        Name = owner.Name(),
        Uid = owner.Uid(),
        Controller = true,
        BlockOwnerDeletion = true,
    };

    /// <summary>A reference for events and the like.</summary>
    public static V1ObjectReference MakeObjectReference(this IKubernetesObject<V1ObjectMeta> entity) => new()
    {
        ApiVersion = entity.ApiVersion,
        Kind = entity.Kind,
        Name = entity.Metadata.Name,
        NamespaceProperty = entity.Metadata.NamespaceProperty,
        ResourceVersion = entity.Metadata.ResourceVersion,
        Uid = entity.Metadata.Uid,
    };

    private static string? Get(IDictionary<string, string>? from, string key) =>
        from is not null && from.TryGetValue(key, out string? value) ? value : null;

    private static void Set(IDictionary<string, string> to, string key, string? value)
    {
        if (value is null)
            to.Remove(key);
        else
            to[key] = value;
    }
}
