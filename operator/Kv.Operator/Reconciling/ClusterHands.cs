using System.Globalization;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Operator.Snapshots;

namespace Kv.Operator.Reconciling;

/// <summary>Does what was decided. Each may have been done before, by an operator that died before it could see so:
/// "already there" and "already gone" are success. Objects are only touched as the very ones that were looked at.
/// </summary>
public sealed class ClusterHands(IKubernetesClient client, IMemberCalls calls)
{
    /// <exception cref="KubernetesException">The API refused; the next look decides anew.</exception>
    /// <exception cref="MemberCallException">The cluster refused; the next look decides anew.</exception>
    public Task DoAsync(
        ClusterLayout layout,
        Observation seen,
        ClusterMemory memory,
        ClusterAction action,
        CancellationToken stop) => action switch
        {
            ClusterAction.TakeInHand => SetFinalizerAsync(layout, isWanted: true, stop),
            ClusterAction.LetGo => SetFinalizerAsync(layout, isWanted: false, stop),
            ClusterAction.CreateVolume create => CreateAsync(MemberVolume.Build(layout, create.Member), stop),
            ClusterAction.MarkVolume mark => ChangeVolumeAsync(
                layout, mark.Member, mark.Uid,
                claim => claim.SetAnnotation(Names.InitializedFor, StatusRecord.FormatId(mark.ClusterId)), stop),
            ClusterAction.GrowVolume grow => ChangeVolumeAsync(
                layout, grow.Member, grow.Uid, claim => Grow(layout, claim), stop),
            ClusterAction.RetainVolume retain => ChangeVolumeAsync(
                layout, retain.Member, retain.Uid, claim => claim.SetLabel(Names.Retained, "true"), stop),
            ClusterAction.FenceVolume fence => ChangeVolumeAsync(
                layout, fence.Member, fence.Uid, claim => Fence(claim, fence.Recovery), stop),
            ClusterAction.DropRequest drop => DropRequestAsync(layout, drop.Request, stop),
            ClusterAction.DeleteVolume delete => client.DeleteAsync<V1PersistentVolumeClaim>(
                ClusterLayout.VolumeNameOf(delete.Member), layout.Namespace, Exactly(delete.Uid, delete.Version), stop),
            ClusterAction.CreatePod create => CreatePodAsync(layout, seen, create, stop),
            ClusterAction.TakeSnapshot take => CreateAsync(UpgradeSnapshots.Build(layout, take), stop),
            ClusterAction.OpenToClients open => OpenAsync(layout, open, stop),
            ClusterAction.DeletePod delete => client.DeleteAsync<V1Pod>(
                delete.Member, layout.Namespace, Exactly(delete.Uid, delete.Version), stop),
            ClusterAction.RestartPod restart => RestartAsync(layout, restart, stop),
            _ => AskClusterAsync(layout, seen, memory, action, stop),
        };

    private Task AskClusterAsync(
        ClusterLayout layout,
        Observation seen,
        ClusterMemory memory,
        ClusterAction action,
        CancellationToken stop)
    {
        MemberEndpoint Spokesman() =>
            seen.Spokesman() ?? throw new MemberCallException("Nobody answers for the cluster.");
        return action switch
        {
            ClusterAction.AddLearner add => calls.AddLearnerAsync(Spokesman(), layout.PeerUrlOf(add.Member), stop),
            ClusterAction.Promote promote => calls.PromoteAsync(Spokesman(), promote.Id, stop),
            ClusterAction.Remove remove => calls.RemoveAsync(Spokesman(), remove.Id, stop),
            ClusterAction.MoveLeader move => MoveLeaderAsync(seen, memory, move, stop),
            ClusterAction.Compact => calls.CompactAsync(Spokesman(), stop),
            ClusterAction.Defragment shorten => calls.DefragmentAsync(EndpointOf(seen, shorten.Member), stop),
            ClusterAction.Disarm disarm =>
                calls.DisarmAsync(Spokesman(), new AlarmFound(disarm.MemberId, disarm.Kind), stop),
            _ => Task.CompletedTask, // written down is all that it asked for
        };
    }

    private async Task MoveLeaderAsync(
        Observation seen, ClusterMemory memory, ClusterAction.MoveLeader move, CancellationToken stop)
    {
        try
        {
            await calls.MoveLeaderAsync(EndpointOf(seen, move.From), move.ToId, stop);
            memory.LeaderMoveFailures = 0;
        }
        catch (MemberCallException)
        {
            memory.LeaderMoveFailures++;
            throw;
        }
    }

    private static MemberEndpoint EndpointOf(Observation seen, string member) =>
        seen.EndpointOf(member) ?? throw new MemberCallException($"{member} has no address.");

    private Task CreatePodAsync(
        ClusterLayout layout, Observation seen, ClusterAction.CreatePod create, CancellationToken stop)
    {
        bool isReady = seen.Found.Record.Find(create.Member) is { Phase: MemberPhase.Ready };
        bool isServing = isReady && create.Start != PodStart.Survive;
        V1Pod pod = MemberPod.Build(layout, create.Member, create.Start, create.InitialCluster, isServing);
        if (create.Start == PodStart.FormCluster && seen.Snapshot is { } source)
            VolumePreparation.Restore(pod, layout, create.Member, source);
        if (create.Start == PodStart.Survive && seen.Found.Record.Recovery is { } recovery)
            VolumePreparation.Keep(pod, recovery);
        return CreateAsync(pod, stop);
    }

    /// <summary>Whoever takes the pod away first and then learns that a new one is refused has lost a member for
    /// nothing.</summary>
    private async Task RestartAsync(ClusterLayout layout, ClusterAction.RestartPod restart, CancellationToken stop)
    {
        V1Pod trial = MemberPod.Build(layout, restart.Member, PodStart.Resume, "", isServing: true);
        trial.Metadata.Name = null;
        trial.Metadata.GenerateName = restart.Member + "-";
        await client.CreateAsync(trial, new WriteOptions { DryRun = true, FieldManager = Names.FieldManager }, stop);
        await client.DeleteAsync<V1Pod>(
            restart.Member, layout.Namespace, Exactly(restart.Uid, restart.Version), stop);
    }

    private Task<V1Pod?> OpenAsync(ClusterLayout layout, ClusterAction.OpenToClients open, CancellationToken stop) =>
        client.ModifyAsync<V1Pod>(
            open.Member,
            layout.Namespace,
            pod =>
            {
                bool isToOpen = pod.Uid() == open.Uid && pod.GetLabel(Names.Serving) != "true";
                if (isToOpen)
                    pod.SetLabel(Names.Serving, "true");
                return isToOpen;
            },
            stop);

    private Task<V1PersistentVolumeClaim?> ChangeVolumeAsync(
        ClusterLayout layout,
        string member,
        string uid,
        Action<V1PersistentVolumeClaim> change,
        CancellationToken stop) =>
        client.ModifyAsync<V1PersistentVolumeClaim>(
            ClusterLayout.VolumeNameOf(member),
            layout.Namespace,
            claim =>
            {
                if (claim.Uid() == uid)
                    change(claim);
                return claim.Uid() == uid;
            },
            stop);

    private static void Fence(V1PersistentVolumeClaim claim, int recovery)
    {
        claim.SetLabel(Names.Retained, "true");
        claim.SetAnnotation(Names.Fenced, recovery.ToString(CultureInfo.InvariantCulture));
    }

    private Task<V1KvCluster?> DropRequestAsync(ClusterLayout layout, string request, CancellationToken stop) =>
        client.ModifyAsync<V1KvCluster>(
            layout.Name,
            layout.Namespace,
            cluster =>
            {
                bool isSame = cluster.Uid() == layout.Uid && cluster.GetAnnotation(Names.Recover)?.Trim() == request;
                if (isSame)
                    cluster.SetAnnotation(Names.Recover, null);
                return isSame;
            },
            stop);

    private static void Grow(ClusterLayout layout, V1PersistentVolumeClaim claim)
    {
        claim.Spec.Resources ??= new V1VolumeResourceRequirements();
        claim.Spec.Resources.Requests ??= new Dictionary<string, ResourceQuantity>();
        claim.Spec.Resources.Requests["storage"] = layout.Spec.Storage.Size;
    }

    private async Task SetFinalizerAsync(ClusterLayout layout, bool isWanted, CancellationToken stop) =>
        await client.ModifyAsync<V1KvCluster>(
            layout.Name,
            layout.Namespace,
            cluster =>
            {
                if (cluster.Uid() != layout.Uid || cluster.HasFinalizer(Names.Finalizer) == isWanted)
                    return false;
                cluster.Metadata.Finalizers ??= [];
                if (isWanted)
                    cluster.Metadata.Finalizers.Add(Names.Finalizer);
                else
                    cluster.Metadata.Finalizers.Remove(Names.Finalizer);
                return true;
            },
            stop);

    /// <summary>Creates; what is there already is looked at in the next pass.</summary>
    private async Task CreateAsync<TEntity>(TEntity entity, CancellationToken stop)
        where TEntity : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            await client.CreateAsync(entity, new WriteOptions { FieldManager = Names.FieldManager }, stop);
        }
        catch (KubernetesException there) when (there.IsAlreadyExists)
        {
        }
    }

    private static V1DeleteOptions Exactly(string uid, string version) => new()
    {
        Preconditions = new V1Preconditions { Uid = uid, ResourceVersion = version },
    };
}
