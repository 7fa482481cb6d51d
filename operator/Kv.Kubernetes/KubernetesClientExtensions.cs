using System.Net;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;

namespace Kv.Kubernetes;

/// <summary>The usual cases of what a client does.</summary>
public static class KubernetesClientExtensions
{
    /// <summary>What client-go and kubectl ask for at once.</summary>
    private const int PageSize = 500;

    private const int ModifyTriesMax = 5;
    private static readonly TimeSpan ModifyPause = TimeSpan.FromMilliseconds(10);

    /// <summary>All of them, however many pages that takes, and the resource version to watch from.</summary>
    public static async Task<KubernetesList<TEntity>> ListAllAsync<TEntity>(
        this IKubernetesClient client,
        ListOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var all = await client.ListPageAsync<TEntity>(options with { Limit = PageSize }, cancellationToken);
        for (string? next = all.Metadata.ContinueProperty; !string.IsNullOrEmpty(next);)
        {
            KubernetesList<TEntity> page;
            try
            {
                var rest = options with { Limit = PageSize, Continue = next, ResourceVersion = null };
                page = await client.ListPageAsync<TEntity>(rest, cancellationToken);
            }
            catch (KubernetesException expired) when (expired.IsGone)
            {
                // The server no longer has the state that the first pages show. One answer cannot expire half-way.
                var whole = options with { Limit = null, Continue = null };
                return await client.ListPageAsync<TEntity>(whole, cancellationToken);
            }

            foreach (var item in page.Items)
                all.Items.Add(item);
            next = page.Metadata.ContinueProperty;
            all.Metadata = page.Metadata;
        }

        return all;
    }

    public static async Task<IList<TEntity>> ListAsync<TEntity>(
        this IKubernetesClient client,
        string? @namespace = null,
        string? labelSelector = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var options = new ListOptions { Namespace = @namespace, LabelSelector = labelSelector };
        return (await client.ListAllAsync<TEntity>(options, cancellationToken)).Items;
    }

    public static IAsyncEnumerable<(WatchEventType Type, TEntity Entity)> WatchAsync<TEntity>(
        this IKubernetesClient client,
        string? @namespace = null,
        string? resourceVersion = null,
        string? labelSelector = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var options = new WatchOptions
        {
            Namespace = @namespace,
            ResourceVersion = resourceVersion,
            LabelSelector = labelSelector,
        };
        return client.WatchAsync<TEntity>(options, cancellationToken);
    }

    public static Task<TEntity> CreateAsync<TEntity>(
        this IKubernetesClient client,
        TEntity entity,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.CreateAsync(entity, WriteOptions.Default, cancellationToken);

    public static Task<TEntity> UpdateAsync<TEntity>(
        this IKubernetesClient client,
        TEntity entity,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.UpdateAsync(entity, WriteOptions.Default, cancellationToken);

    /// <summary>Replaces what the object says was found, and nothing else.</summary>
    public static Task<TEntity> UpdateStatusAsync<TEntity>(
        this IKubernetesClient client,
        TEntity entity,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.UpdateAsync(entity, new WriteOptions { Subresource = "status" }, cancellationToken);

    /// <summary>Creates the object, or replaces whatever is there by that name.</summary>
    public static async Task<TEntity> SaveAsync<TEntity>(
        this IKubernetesClient client,
        TEntity entity,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var there = await client.GetAsync<TEntity>(entity.Name(), entity.Namespace(), cancellationToken);
        if (there is null)
            return await client.CreateAsync(entity, cancellationToken);
        entity.Metadata.ResourceVersion = there.ResourceVersion();
        return await client.UpdateAsync(entity, cancellationToken);
    }

    public static Task<TEntity> PatchAsync<TEntity>(
        this IKubernetesClient client,
        TEntity entity,
        V1Patch patch,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.PatchAsync<TEntity>(
            entity.Name(), entity.Namespace(), patch, WriteOptions.Default, cancellationToken);

    /// <summary>Server-side apply. The object holds all the fields that <paramref name="fieldManager"/> owns and no
    /// other: one that is left out is removed. Others who own one of them lose it.</summary>
    public static Task<TEntity> ApplyAsync<TEntity>(
        this IKubernetesClient client,
        TEntity entity,
        string fieldManager,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.ApplyAsync(entity, new WriteOptions { FieldManager = fieldManager, Force = true }, cancellationToken);

    /// <summary>Server-side apply of the status.</summary>
    public static Task<TEntity> ApplyStatusAsync<TEntity>(
        this IKubernetesClient client,
        TEntity entity,
        string fieldManager,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var options = new WriteOptions { FieldManager = fieldManager, Force = true, Subresource = "status" };
        return client.ApplyAsync(entity, options, cancellationToken);
    }

    public static Task<TEntity> ApplyAsync<TEntity>(
        this IKubernetesClient client,
        TEntity entity,
        WriteOptions options,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        // Whoever applies the object does not own its status, and the reverse.
        var fields = KubernetesJson.SerializeToNode(entity).AsObject();
        fields.Remove(options.Subresource == "status" ? "spec" : "status");
        fields["metadata"]?.AsObject().Remove("managedFields"); // the server refuses them here
        var patch = new V1Patch(fields, V1Patch.PatchType.ApplyPatch);
        return client.PatchAsync<TEntity>(entity.Name(), entity.Namespace(), patch, options, cancellationToken);
    }

    public static Task<bool> DeleteAsync<TEntity>(
        this IKubernetesClient client,
        string name,
        string? @namespace = null,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.DeleteAsync<TEntity>(name, @namespace, new V1DeleteOptions(), cancellationToken);

    /// <summary>Deletes this very object; never another that has taken its name since it was read.</summary>
    public static Task<bool> DeleteAsync<TEntity>(
        this IKubernetesClient client,
        TEntity entity,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        client.DeleteAsync(entity, propagationPolicy: null, cancellationToken);

    /// <summary>The same, and says what becomes of what the object owns: <c>Background</c>, <c>Foreground</c> or
    /// <c>Orphan</c>; null for what its kind does by default.</summary>
    public static Task<bool> DeleteAsync<TEntity>(
        this IKubernetesClient client,
        TEntity entity,
        string? propagationPolicy,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        var options = new V1DeleteOptions
        {
            PropagationPolicy = propagationPolicy,
            Preconditions = new V1Preconditions { Uid = entity.Metadata.Uid },
        };
        return client.DeleteAsync<TEntity>(entity.Name(), entity.Namespace(), options, cancellationToken);
    }

    /// <summary>Reads an object, changes it and writes it, again if somebody else was quicker.</summary>
    /// <param name="change">Returns false if there is nothing to change.</param>
    /// <returns>The object as it is now; null if there is none.</returns>
    /// <exception cref="KubernetesException">Others were quicker five times, or the change was refused.</exception>
    public static async Task<TEntity?> ModifyAsync<TEntity>(
        this IKubernetesClient client,
        string name,
        string? @namespace,
        Func<TEntity, bool> change,
        CancellationToken cancellationToken = default)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        for (int attempt = 1; ; attempt++)
        {
            var entity = await client.GetAsync<TEntity>(name, @namespace, cancellationToken);
            if (entity is null || !change(entity))
                return entity;
            try
            {
                return await client.UpdateAsync(entity, cancellationToken);
            }
            catch (KubernetesException conflict) when (conflict.IsConflict && attempt < ModifyTriesMax)
            {
                await Task.Delay(ModifyPause * attempt, cancellationToken);
            }
            catch (KubernetesException gone) when (gone.Code == HttpStatusCode.NotFound)
            {
                return null;
            }
        }
    }
}
