namespace Kv.Operator.Planning.Rules;

/// <summary>Brings a cluster back that has lost its quorum for good. Only when a person asks for it, and says for which
/// cluster: what only the others had is given up. All that is left of them is stopped and put aside first, so that
/// they can never be a majority of the old cluster beside the new one; nothing of it is deleted.</summary>
public static class RecoveryRules
{
    public static ClusterAction? Recover(Scene scene)
    {
        if (scene.Found.Record.Recovery is not { } recovery)
            return IsWanted(scene) ? Begin(scene) : null;

        if (IsAnotherWanted(scene, recovery))
            return Begin(scene); // what was asked for first did not work out

        return recovery.Step switch
        {
            RecoveryStep.Fencing => Fence(scene, recovery),
            RecoveryStep.Forcing => Force(scene, recovery),
            RecoveryStep.Restarting => Restart(scene, recovery),
            RecoveryStep.Clearing => Clear(scene, recovery),
            RecoveryStep.Seeding => Seed(scene),
            _ => End(scene, recovery),
        };
    }

    /// <summary>Says what is wrong with a request, below all that heals by itself.</summary>
    public static ClusterAction? RefuseRequest(Scene scene) =>
        scene.Found.Record.Recovery is null && !scene.Quorum.Holds && ProblemOf(scene) is { } problem
            ? new ClusterAction.Blocked(Obstacle.RecoveryRefused, problem)
            : null;

    /// <summary>Says so when there is nothing to recover, once there is nothing else to do.</summary>
    public static ClusterAction? RefuseNeedless(Scene scene) => scene.Wanted.Recovery is { } request
        ? new ClusterAction.Blocked(
            Obstacle.RecoveryRefused,
            request.Problem ?? "A quorum of the members serves: there is nothing to recover. Remove the annotation.")
        : null;

    private static bool IsWanted(Scene scene) =>
        scene is { HasFormed: true, Quorum.Holds: false, Wanted.Recovery: not null } &&
        scene.Found.Record.QuorumLostSince is { } since &&
        scene.Now - since >= scene.Wanted.Times.QuorumLostAfter && ProblemOf(scene) is null;

    /// <summary>Once nothing can be taken back, another snapshot can still be asked for.</summary>
    private static bool IsAnotherWanted(Scene scene, RecoveryRecord recovery)
    {
        bool isAsked = scene.Wanted.Recovery is { Problem: null, Snapshot.Length: > 0 } request &&
            request.Text != recovery.Request;
        return isAsked && recovery.Step switch
        {
            RecoveryStep.Forcing or RecoveryStep.Restarting or RecoveryStep.Clearing => IsWanted(scene),
            RecoveryStep.Seeding => !scene.HasFormed,
            _ => false,
        };
    }

    private static string? ProblemOf(Scene scene)
    {
        if (scene.Wanted.Recovery is not { } request)
            return null;
        if (request.Problem is { } problem)
            return problem;

        // What the operator cannot reach may serve all the same.
        MemberScene[] voters = [.. scene.Members.Where(member => member.Record.Phase != MemberPhase.Joining)];
        int ready = voters.Count(member => member.Pod is { IsTerminating: false, ReadySince: not null });
        if (voters.Length > 0 && ready >= new Quorum(voters.Length, ready).Size)
            return $"Kubernetes calls {ready} of {voters.Length} members ready: a quorum may serve unseen.";

        return request.Survivor.Length > 0 ? ProblemOfSurvivor(scene, request.Survivor) : scene.Found.SnapshotProblem;
    }

    private static string? ProblemOfSurvivor(Scene scene, string name)
    {
        MemberScene? survivor = scene.Members.FirstOrDefault(member => member.Name == name);
        bool isFit = survivor is { HasData: true, Record.Phase: not MemberPhase.Joining };
        if (isFit)
            return null;

        string[] fit =
        [
            .. scene.Members.Where(member => member is { HasData: true, Record.Phase: not MemberPhase.Joining })
                .Select(member => member.Name),
        ];
        string choice = fit.Length > 0 ? $"It could be {string.Join(" or ", fit)}." : "No member has its data.";
        string why = survivor switch
        {
            null => "is not a member",
            { HasData: false } => "has lost its volume, or never had data",
            _ => "never had a vote",
        };
        return $"{name} cannot be the survivor: it {why}. {choice}";
    }

    private static ClusterAction.BeginRecovery Begin(Scene scene)
    {
        RecoveryRequest request = scene.Wanted.Recovery!;
        int last = scene.Found.Record.Recovery?.Number ?? scene.Found.Record.LastRecovery?.Number ?? 0;
        return new ClusterAction.BeginRecovery(
            new RecoveryRecord(request.Text, last + 1)
            {
                Survivor = request.Survivor,
                Snapshot = request.Snapshot,
                StartedAt = scene.Now,
                FirstSerial = scene.Found.Record.NextSerial,
            },
            request.Survivor.Length > 0
                ? $"Asked for: {request.Survivor} goes on alone."
                : $"Asked for: the cluster begins again with the snapshot {request.Snapshot}.");
    }

    private static ClusterAction Fence(Scene scene, RecoveryRecord recovery)
    {
        if (scene.HasFormed && scene.Wanted.Recovery?.Text != recovery.Request)
            return new ClusterAction.EndRecovery("Withdrawn before anything was changed.");
        if (scene.HasFormed && scene.Quorum.Holds)
            return new ClusterAction.EndRecovery("Not needed: a quorum serves again.");

        PodFound? last = null;
        foreach (PodFound pod in scene.Found.Pods.Where(pod => pod.IsOurs)
            .OrderBy(pod => pod.IsTerminating).ThenBy(pod => pod.Member == recovery.Survivor))
        {
            if (!pod.IsTerminating)
                return DeletePod(pod, "No member may run while the cluster is recovered.");
            last = pod;
        }

        if (last is not null)
            return AwaitEnd(scene, last);
        return recovery.Survivor.Length > 0
            ? new ClusterAction.AdvanceRecovery(RecoveryStep.Forcing, "No member runs any more.")
            : new ClusterAction.AdvanceRecovery(RecoveryStep.Clearing, "No member runs any more.");
    }

    private static ClusterAction Force(Scene scene, RecoveryRecord recovery)
    {
        if (PutAside(scene, recovery, member => member != recovery.Survivor) is { } action)
            return action;

        MemberScene? survivor = scene.Members.FirstOrDefault(member => member.Name == recovery.Survivor);
        if (survivor is not { HasData: true })
        {
            return new ClusterAction.Blocked(
                Obstacle.RecoveryFailed,
                $"The volume of {recovery.Survivor} is gone. Ask for a recovery from a snapshot instead.");
        }

        if (survivor.Pod is not { } pod)
        {
            return new ClusterAction.CreatePod(
                survivor.Name, PodStart.Survive, "", "It keeps a copy of its data, and becomes a cluster of its own.");
        }

        if (pod.IsTerminating)
            return AwaitEnd(scene, pod);
        if (pod.Recovery != recovery.Number)
            return DeletePod(pod, "It was not made for this recovery.");
        if (pod.Trouble == PodTrouble.InitFailing)
            return new ClusterAction.Blocked(Obstacle.RecoveryFailed, $"{survivor.Name}: {pod.TroubleText}.");

        return IsAlone(scene, survivor)
            ? new ClusterAction.AdvanceRecovery(RecoveryStep.Restarting, $"{survivor.Name} is the only member.")
            : scene.Wait($"{survivor.Name} to be the only member{survivor.TroubleSuffix}");
    }

    private static ClusterAction Restart(Scene scene, RecoveryRecord recovery)
    {
        MemberScene? survivor = scene.Members.FirstOrDefault(member => member.Name == recovery.Survivor);
        if (survivor is not { HasData: true })
            return new ClusterAction.AdvanceRecovery(RecoveryStep.Forcing, "The survivor is gone.");
        if (survivor.Pod is not { } pod)
        {
            return new ClusterAction.CreatePod(
                survivor.Name, PodStart.Resume, "", "It starts as any other, now that it is the only member.");
        }

        if (pod.IsTerminating)
            return AwaitEnd(scene, pod);
        if (pod.Recovery != 0)
            return DeletePod(pod, "It must not be forced again when others have joined it.");
        return IsAlone(scene, survivor)
            ? new ClusterAction.AdvanceRecovery(RecoveryStep.Ending, $"{survivor.Name} serves.")
            : scene.Wait($"{survivor.Name} to serve{survivor.TroubleSuffix}");
    }

    private static ClusterAction Clear(Scene scene, RecoveryRecord recovery) =>
        PutAside(scene, recovery, member => scene.Wanted.SerialOf(member) < recovery.FirstSerial)
        ?? new ClusterAction.AdvanceRecovery(RecoveryStep.Seeding, "Nothing of the old cluster is in the way.");

    /// <summary>What forms the cluster is the rule that always does.</summary>
    private static ClusterAction.AdvanceRecovery? Seed(Scene scene) => scene.HasFormed
        ? new ClusterAction.AdvanceRecovery(RecoveryStep.Ending, "The cluster has formed from the snapshot.")
        : null;

    private static ClusterAction End(Scene scene, RecoveryRecord recovery) =>
        scene.Wanted.Recovery?.Text == recovery.Request
            ? new ClusterAction.DropRequest(recovery.Request, "The recovery is done.")
            : new ClusterAction.EndRecovery(recovery.Survivor.Length > 0
                ? $"{recovery.Survivor} went on with its data; the claims of the others are kept."
                : $"Began again with the snapshot {recovery.Snapshot}; the claims of all members before are kept.");

    /// <summary>Takes what was of others out of the way for good: the pods, should there be any again, then the mark on
    /// the claims that keeps them from being taken for the cluster's, then the record.</summary>
    private static ClusterAction? PutAside(Scene scene, RecoveryRecord recovery, Func<string, bool> isOther)
    {
        foreach (PodFound pod in scene.Found.Pods.Where(pod => pod.IsOurs && isOther(pod.Member)))
        {
            return pod.IsTerminating
                ? AwaitEnd(scene, pod)
                : DeletePod(pod, "It is not to be a member any more.");
        }

        VolumeFound? volume = scene.Found.Volumes.FirstOrDefault(volume =>
            volume is { IsOurs: true, IsRetained: false, IsTerminating: false } && isOther(volume.Member));
        if (volume is not null)
        {
            return new ClusterAction.FenceVolume(
                volume.Member, volume.Uid, recovery.Number, "It is kept, and no member uses it any more.");
        }

        return scene.Members.FirstOrDefault(member => isOther(member.Name)) is { } other
            ? new ClusterAction.Forget(other.Name, "It is not to be a member any more.")
            : null;
    }

    private static bool IsAlone(Scene scene, MemberScene survivor) =>
        scene.Found.Members is [{ } only] && only.Member == survivor.Name && survivor.IsHealthy;

    private static ClusterAction.DeletePod DeletePod(PodFound pod, string why) =>
        new(pod.Member, pod.Uid, pod.Version, why);

    private static ClusterAction.Wait AwaitEnd(Scene scene, PodFound pod) => scene.Wait(
        $"{pod.Member}'s pod to end; if its node{(pod.Node.Length > 0 ? " " + pod.Node : "")} is gone for good, " +
        "mark that as out of service");
}
