namespace Kv.Operator.Planning.Rules;

/// <summary>From nothing to a cluster of one member. All later members join it as learners: a static start of several
/// could split, and could not be changed half-way.</summary>
public static class StartRules
{
    public static ClusterAction? TakeInHand(Scene scene) =>
        scene.Found.HasFinalizer ? null : new ClusterAction.TakeInHand("New.");

    /// <summary>What stands where ours should be is never taken over, overwritten or deleted.</summary>
    public static ClusterAction? RefuseForeignObjects(Scene scene)
    {
        foreach (MemberScene member in scene.Members)
        {
            if (member.Volume is { IsOurs: false })
            {
                return new ClusterAction.Blocked(
                    Obstacle.ForeignObject,
                    $"A PersistentVolumeClaim for {member.Name} exists that does not belong to this cluster. " +
                    "Delete or rename it if its data is not needed.");
            }

            if (member.Pod is { IsOurs: false })
            {
                return new ClusterAction.Blocked(
                    Obstacle.ForeignObject,
                    $"A Pod named {member.Name} exists that does not belong to this cluster. Delete it.");
            }
        }

        return null;
    }

    /// <summary>A status can be lost, say by a restore of the API's own store. Volumes remember.</summary>
    public static ClusterAction? Recall(Scene scene)
    {
        VolumeFound[] ours =
        [
            .. scene.Found.Volumes
                .Where(volume => volume is { IsOurs: true, IsRetained: false, IsTerminating: false }),
        ];
        if (!scene.HasFormed && ours.FirstOrDefault(volume => volume.MarkedFor != 0) is { } marked)
            return new ClusterAction.LatchCluster(marked.MarkedFor, $"{marked.Member}'s volume holds its data.");

        if (ours.FirstOrDefault(volume => scene.Found.Record.Find(volume.Member) is null) is { } unknown)
            return Recall(scene, unknown);

        PodFound? stray = scene.Found.Pods.FirstOrDefault(pod =>
            pod is { IsOurs: true, IsTerminating: false } && scene.Found.Record.Find(pod.Member) is null);
        return stray is null
            ? RecallFromMembers(scene)
            : new ClusterAction.DeletePod(stray.Member, stray.Uid, stray.Version, "A pod of no known member.");
    }

    /// <summary>A member of our making that is not on record: it was added by a request that was thought lost. As a
    /// learner it would keep all others out, so its joining is finished, or it is taken out again.</summary>
    private static ClusterAction.Recall? RecallFromMembers(Scene scene)
    {
        MemberEntry? stray = (scene.Found.Members ?? []).FirstOrDefault(entry =>
            scene.HasFormed && scene.Wanted.SerialOf(entry.Member) >= 0 &&
            scene.Found.Record.Find(entry.Member) is null);
        return stray is null
            ? null
            : new ClusterAction.Recall(
                stray.Member,
                scene.Wanted.SerialOf(stray.Member),
                MemberPhase.Joining,
                "It is a member, but was not on record.");
    }

    public static ClusterAction? Bootstrap(Scene scene)
    {
        if (scene.HasFormed)
            return null;
        if (scene.IsAdopting)
            return AdoptionRules.Begin(scene);

        if (scene.Members is not [{ } seed, ..])
        {
            bool hadAnother = scene.Found.Record.Recovery is null &&
                scene.Found.Volumes.Any(volume => volume is { IsOurs: true, IsRetained: true, MarkedFor: not 0 });
            if (hadAnother)
            {
                return new ClusterAction.Blocked(
                    Obstacle.DataLost,
                    "The status of this cluster is gone, and of its claims only those are left that were put aside. " +
                    "Delete them to begin empty, or begin another cluster with a snapshot.");
            }

            int serial = scene.Found.Record.NextSerial;
            return new ClusterAction.Join(
                scene.Wanted.MemberName(serial), serial, IsSeed: true, "The cluster begins with one member.");
        }

        if (seed.Pod is null && scene.Found.SnapshotProblem is { } problem)
            return new ClusterAction.Blocked(Obstacle.RestoreFailed, problem);
        if (seed.Volume is null)
            return new ClusterAction.CreateVolume(seed.Name, "For the first member.");
        if (seed.Volume.IsTerminating)
            return ReattachRules.Unmount(scene, seed);
        if (seed.Pod is null)
        {
            return new ClusterAction.CreatePod(
                seed.Name, PodStart.FormCluster, "", "The first member forms a cluster.");
        }

        if (ReattachRules.ClearAway(scene) is { } clearing)
            return clearing;

        if (seed.Pod.Trouble == PodTrouble.InitFailing)
        {
            return new ClusterAction.Blocked(
                Obstacle.RestoreFailed, $"{seed.Name} cannot restore the snapshot: {seed.Pod.TroubleText}.");
        }

        return seed.Answer is null || scene.Found.Members is null
            ? scene.Wait($"{seed.Name} to form the cluster{seed.TroubleSuffix}")
            : Latch(seed, scene.Found.Members);
    }

    private static ClusterAction Latch(MemberScene seed, IReadOnlyList<MemberEntry> members)
    {
        bool isAlone = members.Count == 1 && members[0].Member == seed.Name;
        return isAlone
            ? new ClusterAction.LatchCluster(seed.Answer!.ClusterId, $"{seed.Name} formed the cluster.")
            : new ClusterAction.Blocked(
                Obstacle.UnexpectedMembers,
                $"{seed.Name} should have formed a cluster of its own, but is in one of {members.Count} members.");
    }

    private static ClusterAction? Recall(Scene scene, VolumeFound volume)
    {
        int serial = scene.Wanted.SerialOf(volume.Member);
        if (serial < 0)
            return null;

        if (!scene.HasFormed)
            return new ClusterAction.Join(volume.Member, serial, IsSeed: true, "Its volume is there, unused.");

        MemberPhase phase = volume.MarkedFor == 0 ? MemberPhase.Joining : MemberPhase.Ready;
        return new ClusterAction.Recall(volume.Member, serial, phase, "Its volume is there, but it was not on record.");
    }
}
