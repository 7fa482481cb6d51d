using System.Security.Cryptography;
using Kv.Kubernetes;
using Kv.Kubernetes.Json;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>Keeps Services, budget and policy as they should be, by server-side apply of the fields that are ours.
/// What has been applied is not applied again until it should look different or is seen to be gone.</summary>
public sealed class SharedObjectsKeeper(IKubernetesClient client)
{
    public async Task KeepAsync(
        IClusterObjects objects, ClusterLayout layout, ClusterMemory memory, int voters, CancellationToken stop)
    {
        ForgetGone(objects, layout, memory);
        await ApplyAsync(SharedObjects.PeerService(layout), memory, stop);
        await ApplyAsync(SharedObjects.ClientService(layout), memory, stop);
        bool hasBudget = (layout.Spec.Disruption ?? new DisruptionSpec()).Enabled;
        await ApplyOrDeleteAsync(SharedObjects.Budget(layout, voters), hasBudget, memory, stop);
        await ApplyOrDeleteAsync(
            SharedObjects.NetworkPolicy(layout), layout.Spec.NetworkPolicy?.Enabled == true, memory, stop);
    }

    private static void ForgetGone(IClusterObjects objects, ClusterLayout layout, ClusterMemory memory)
    {
        foreach (string service in new[] { layout.PeerService, layout.ClientService })
        {
            if (objects.IsServiceGone(layout.Namespace, service))
                memory.Applied.TryRemove(KeyOf<V1Service>(service), out _);
        }

        string budget = KeyOf<V1PodDisruptionBudget>(layout.Name);
        bool isGone = memory.Applied.TryGetValue(budget, out string? last) && last.Length > 0 &&
            objects.IsBudgetGone(layout.Namespace, layout.Name);
        if (isGone)
            memory.Applied.TryRemove(budget, out _);
    }

    private async Task ApplyOrDeleteAsync<TEntity>(
        TEntity wanted, bool isWanted, ClusterMemory memory, CancellationToken stop)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        if (isWanted)
        {
            await ApplyAsync(wanted, memory, stop);
            return;
        }

        string key = KeyOf<TEntity>(wanted.Name());
        if (memory.Applied.TryGetValue(key, out string? last) && last.Length == 0)
            return;
        TEntity? there = await client.GetAsync<TEntity>(wanted.Name(), wanted.Namespace(), stop);
        if (there is not null && IsOurs(there, wanted))
            await client.DeleteAsync(there, stop);
        memory.Applied[key] = "";
    }

    private async Task ApplyAsync<TEntity>(TEntity wanted, ClusterMemory memory, CancellationToken stop)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        string key = KeyOf<TEntity>(wanted.Name());
        string hash = Convert.ToHexString(SHA256.HashData(KubernetesJson.SerializeToUtf8Bytes(wanted)));
        if (memory.Applied.TryGetValue(key, out string? last) && last == hash)
            return;

        TEntity? there = await client.GetAsync<TEntity>(wanted.Name(), wanted.Namespace(), stop);
        if (there is not null && !IsOurs(there, wanted))
        {
            throw new ObstacleException(
                Obstacle.ForeignObject,
                $"A {wanted.Kind} named {wanted.Name()} exists that does not belong to this cluster. " +
                "Delete or rename it.");
        }

        await client.ApplyAsync(wanted, Names.FieldManager, stop);
        memory.Applied[key] = hash;
    }

    private static bool IsOurs<TEntity>(TEntity there, TEntity wanted)
        where TEntity : class, IKubernetesObject<V1ObjectMeta> =>
        there.GetAnnotation(Names.ClusterUid) == wanted.GetAnnotation(Names.ClusterUid);

    private static string KeyOf<TEntity>(string name) => $"{typeof(TEntity).Name}/{name}";
}

/// <summary>What is found makes an object of the cluster impossible until somebody changes it.</summary>
public sealed class ObstacleException(Obstacle obstacle, string message) : Exception(message)
{
    public Obstacle Obstacle { get; } = obstacle;
}
