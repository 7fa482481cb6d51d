using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Snapshots;
using Kv.Operator.Tests.Planning;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>What no operator may do to objects, whatever befell it: touch what is not ours, take a quorum away, take
/// data away that is in use, form a cluster twice, let go too early. What may not be done to members is said by
/// <see cref="SimulatedMembers"/>.</summary>
public sealed class WorldLaws(MemoryApi api, SimulatedMembers members, string clusterUid)
{
    private readonly Dictionary<string, int> _created = [];

    /// <summary>How often objects of a kind were made under a name.</summary>
    public int CreatedOf<TEntity>() => _created.Where(each => each.Key.StartsWith(
        typeof(TEntity).Name + " ", StringComparison.Ordinal)).Sum(each => each.Value);

    public void Judge(Call call)
    {
        RefuseForeign(call);
        switch (call.What.Split(' ')[0], call.Before, call.After)
        {
            case ("create", _, IKubernetesObject<V1ObjectMeta> made):
                OnCreate(made);
                break;
            case ("delete", V1Pod pod, _):
                OnDelete(pod);
                break;
            case ("delete", V1PersistentVolumeClaim claim, _):
                OnDelete(claim);
                break;
            case ("update", V1Pod, V1Pod changed):
                Demand(
                    changed.GetLabel(Names.Serving) != "true" || members.IsVoter(changed.Name()),
                    "clients for one that is no voter");
                break;
            case ("update", V1KvCluster, V1KvCluster changed):
                bool letsGo = call.What == "update V1KvCluster" && !changed.HasFinalizer(Names.Finalizer);
                Demand(
                    !letsGo || (IsDeleting && !api.All<V1Pod>().Any(IsOurs)), "the end while there are pods of ours");
                break;
        }
    }

    private bool IsDeleting => api.All<V1KvCluster>().Any(cluster => cluster.DeletionTimestamp() is not null);

    private bool IsOurs(IKubernetesObject<V1ObjectMeta> entity) =>
        entity.GetAnnotation(Names.ClusterUid) == clusterUid;

    private void RefuseForeign(Call call)
    {
        bool isForeign = call.Before is IKubernetesObject<V1ObjectMeta> there and not V1KvCluster && !IsOurs(there) &&
            !call.What.StartsWith("create", StringComparison.Ordinal);
        Demand(!isForeign, $"{call.What} of what is not ours");
    }

    private void OnCreate(IKubernetesObject<V1ObjectMeta> made)
    {
        bool isThere = made switch
        {
            V1Pod pod => api.All<V1Pod>().Any(each => each.Name() == pod.Name()),
            V1PersistentVolumeClaim claim =>
                api.All<V1PersistentVolumeClaim>().Any(each => each.Name() == claim.Name()),
            _ => false,
        };
        if (isThere)
            return; // it will be told so

        string key = $"{made.GetType().Name} {made.Name()}";
        _created[key] = _created.GetValueOrDefault(key) + 1;
        if (made is not V1Pod { Spec.Containers: [{ Args: { } args }] })
            return;
        V1KvCluster cluster = api.All<V1KvCluster>().Single();
        DemandSnapshot((V1Pod)made, cluster);
        bool forms = args.Contains("--initial-cluster-state=new");
        Demand(!forms || cluster.Status.ClusterId is null, "a cluster to be formed that has been");
        string claimName = ClusterLayout.VolumeNameOf(made.Name());
        Demand(
            api.All<V1PersistentVolumeClaim>().Any(claim => claim.Name() == claimName && IsOurs(claim)),
            "a pod without its volume");
    }

    /// <summary>Nobody gets another version than all have had before a snapshot of that was found right.</summary>
    private void DemandSnapshot(V1Pod pod, V1KvCluster cluster)
    {
        string image = pod.Spec.Containers![0].Image!;
        bool isWanted = cluster.Spec is { Snapshots: not null, Upgrade: not { SnapshotBefore: false } } &&
            cluster.Status.Image is { } settled && settled != image;
        Demand(
            !isWanted || api.All<V1KvSnapshot>().Any(each =>
                each.GetLabel(SnapshotNames.UpgradeLabel) == "demo" && SnapshotReport.IsGood(each)),
            "another version before a snapshot");
    }

    private void OnDelete(V1Pod pod)
    {
        bool costs = !IsDeleting && pod.DeletionTimestamp() is null && members.IsUp(pod.Name()) &&
            members.IsVoter(pod.Name()) && !members.HasQuorumWithout(pod.Name());
        bool isTooSmall = members.VoterCount <= 2 &&
            members.Members.All(line => line.IsLearner || members.IsUp(SimulatedMembers.HostOf(line)));
        bool isAskedFor = !members.HasQuorum() && api.All<V1KvCluster>().Any(each => each.Status.Recovery is not null);
        Demand(!costs || isTooSmall || isAskedFor, "an end of a pod that costs the quorum");
    }

    private void OnDelete(V1PersistentVolumeClaim claim)
    {
        bool isInUse = members.Members.Any(line => ClusterLayout.VolumeNameOf(SimulatedMembers.HostOf(line)) ==
            claim.Name()) && claim.DeletionTimestamp() is null;
        Demand(IsDeleting || !isInUse, "an end of a member's data");
    }

    private static void Demand(bool isLawful, string what)
    {
        if (!isLawful)
            throw new PlanBrokenException(what);
    }
}
