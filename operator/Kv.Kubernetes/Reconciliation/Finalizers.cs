using Kv.Kubernetes.Models;

namespace Kv.Kubernetes.Reconciliation;

/// <summary>Puts finalizers on objects and takes them off, touching nothing else. If the object is not as it was read,
/// or another by now, the server answers with a conflict, and the next pass looks again.</summary>
public static class Finalizers
{
    /// <returns>The object with those finalizers.</returns>
    public static Task<TEntity> AttachAsync<TEntity>(
        IKubernetesClient client,
        TEntity entity,
        IReadOnlyList<string> names,
        CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string[] missing = [.. names.Where(each => !entity.HasFinalizer(each))];
        return missing.Length == 0
            ? Task.FromResult(entity)
            : client.PatchAsync(entity, Change(entity, [.. Of(entity), .. missing]), cancellationToken);
    }

    /// <returns>Null if the object went away with it.</returns>
    public static async Task<TEntity?> DetachAsync<TEntity>(
        IKubernetesClient client,
        TEntity entity,
        string name,
        CancellationToken cancellationToken)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        if (!entity.HasFinalizer(name))
            return entity;
        try
        {
            string[] left = [.. Of(entity).Where(each => each != name)];
            return await client.PatchAsync(entity, Change(entity, left), cancellationToken);
        }
        catch (KubernetesException gone) when (gone.IsNotFound)
        {
            return null;
        }
    }

    private static IEnumerable<string> Of(IKubernetesObject<V1ObjectMeta> entity) => entity.Metadata.Finalizers ?? [];

    private static V1Patch Change(IKubernetesObject<V1ObjectMeta> entity, string[] finalizers) => V1Patch.Merge(new
    {
        metadata = new { uid = entity.Uid(), resourceVersion = entity.ResourceVersion(), finalizers },
    });
}
