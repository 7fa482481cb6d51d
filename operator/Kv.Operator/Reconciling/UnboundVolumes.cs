using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>Finds out why a pod waits for a volume: schedulers only say that it does, and not that the storage class
/// of the claim does not exist.</summary>
internal static class UnboundVolumes
{
    private const string DefaultClass = "storageclass.kubernetes.io/is-default-class";

    /// <summary>The pod, with what is missing added to its trouble.</summary>
    public static async Task<PodFound> ExplainAsync(
        PodFound pod, V1PersistentVolumeClaim? claim, IKubernetesClient client, CancellationToken stop)
    {
        bool isWaiting = pod.Trouble == PodTrouble.Unschedulable && claim is not null &&
            string.IsNullOrEmpty(claim.Spec.VolumeName);
        if (!isWaiting)
            return pod;

        string? missing = await MissingAsync(claim!.Spec.StorageClassName, client, stop);
        return missing is null ? pod : pod with { TroubleText = $"{pod.TroubleText} ({missing})" };
    }

    private static async Task<string?> MissingAsync(
        string? storageClass, IKubernetesClient client, CancellationToken stop)
    {
        try
        {
            if (storageClass is not null)
            {
                return await client.GetAsync<V1StorageClass>(storageClass, cancellationToken: stop) is null
                    ? $"there is no storage class {storageClass}"
                    : null;
            }

            var classes = await client.ListAsync<V1StorageClass>(cancellationToken: stop);
            return classes.Any(each => each.GetAnnotation(DefaultClass) == "true")
                ? null
                : "there is no default storage class";
        }
        catch (KubernetesException refused) when (refused.IsForbidden)
        {
            return null; // an operator of some namespaces only need not know
        }
    }
}
