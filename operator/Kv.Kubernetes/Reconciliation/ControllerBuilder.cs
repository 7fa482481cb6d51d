using Kv.Kubernetes.Hosting;
using Kv.Kubernetes.Informers;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Reconciliation;

/// <summary>Says what a controller is to look at, beside the objects it is for.</summary>
public sealed class ControllerBuilder<TEntity>
    where TEntity : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly OperatorRuntime _runtime;
    private readonly List<Action<Controller<TEntity>, Informer<TEntity>>> _watches = [];
    private readonly List<(string Name, IEntityFinalizer<TEntity> Finalizer)> _finalizers = [];

    internal ControllerBuilder(OperatorRuntime runtime) => _runtime = runtime;

    /// <summary>Which changes of the objects themselves are worth a pass.</summary>
    public Func<EntityChange<TEntity>, bool> Filter { get; set; } = ChangeFilters.ByIntent;

    internal IReadOnlyList<(string Name, IEntityFinalizer<TEntity> Finalizer)> Finalizers => _finalizers;

    /// <summary>Objects are held by a finalizer of that name until it is through.</summary>
    public ControllerBuilder<TEntity> AddFinalizer(string name, IEntityFinalizer<TEntity> finalizer)
    {
        _finalizers.Add((name, finalizer));
        return this;
    }

    /// <summary>A change of an object of this kind is worth a pass over the one that controls it. If it goes over to
    /// another, both hear of it.</summary>
    public ControllerBuilder<TEntity> Owns<TChild>(InformerOptions options)
        where TChild : class, IKubernetesObject<V1ObjectMeta>
    {
        _watches.Add((controller, owners) => Follow<TChild>(controller, options, child => OwnersOf(child, owners)));
        return this;
    }

    /// <summary>A change of an object of this kind is worth passes over the keys that <paramref name="map"/> gives for
    /// it, as it was and as it is.</summary>
    public ControllerBuilder<TEntity> Watches<TOther>(
        InformerOptions options,
        Func<TOther, IEnumerable<ObjectKey>> map,
        Func<EntityChange<TOther>, bool>? filter = null)
        where TOther : class, IKubernetesObject<V1ObjectMeta>
    {
        _watches.Add((controller, _) => Follow(controller, options, map, filter));
        return this;
    }

    internal void Connect(Controller<TEntity> controller, Informer<TEntity> informer)
    {
        foreach (var watch in _watches)
            watch(controller, informer);
    }

    private void Follow<TOther>(
        Controller<TEntity> controller,
        InformerOptions options,
        Func<TOther, IEnumerable<ObjectKey>> map,
        Func<EntityChange<TOther>, bool>? filter = null)
        where TOther : class, IKubernetesObject<V1ObjectMeta> =>
        _runtime.GetInformer<TOther>(options).OnChange(change =>
        {
            if (filter is not null && !filter(change))
                return;
            if (change.Old is not null && !ReferenceEquals(change.Old, change.New))
            {
                foreach (var key in map(change.Old))
                    controller.Enqueue(key);
            }

            foreach (var key in map(change.New))
                controller.Enqueue(key);
        });

    private static IEnumerable<ObjectKey> OwnersOf<TChild>(TChild child, Informer<TEntity> owners)
        where TChild : IKubernetesObject<V1ObjectMeta>
    {
        var kind = EntityKind.Of<TEntity>();
        if (child.GetController() is not { } owner || owner.Kind != kind.Kind || GroupOf(owner) != kind.Group)
            return [];

        // The child of one who had this name before is for the garbage collector.
        var key = new ObjectKey(child.Namespace(), owner.Name);
        return owners.Get(key) is { } known && known.Uid() != owner.Uid ? [] : [key];
    }

    // An owner of another version of the group is the same object.
    private static string GroupOf(V1OwnerReference owner)
    {
        int slash = owner.ApiVersion.IndexOf('/', StringComparison.Ordinal);
        return slash < 0 ? "" : owner.ApiVersion[..slash];
    }
}
