namespace Kv.Operator.Planning.Rules;

/// <summary>When not to act at all, and how to end.</summary>
public static class EndRules
{
    /// <summary>Takes a cluster down whatever its state. Members are not removed from each other: the last two could
    /// never agree on it. Volumes are dealt with only when no process can write to them.</summary>
    public static ClusterAction? Delete(Scene scene)
    {
        if (!scene.Wanted.IsDeleting)
            return null;
        if (!scene.Found.HasFinalizer)
            return new ClusterAction.Nothing("Gone.");

        PodFound[] pods = [.. scene.Found.Pods.Where(pod => pod.IsOurs)];
        if (pods.FirstOrDefault(pod => !pod.IsTerminating) is { } pod)
            return new ClusterAction.DeletePod(pod.Member, pod.Uid, pod.Version, "The cluster is being deleted.");
        if (pods.Length > 0)
            return scene.Wait($"{pods[0].Member}'s pod to end");

        return Volumes(scene) ?? new ClusterAction.LetGo("Nothing of the cluster is left.");
    }

    public static ClusterAction? Pause(Scene scene) =>
        scene.Wanted.IsPaused ? new ClusterAction.Nothing("Paused.") : null;

    public static ClusterAction? RefuseInvalid(Scene scene) =>
        scene.Wanted.Problem is { } problem ? new ClusterAction.Blocked(Obstacle.InvalidSpec, problem) : null;

    private static ClusterAction? Volumes(Scene scene)
    {
        foreach (VolumeFound volume in scene.Found.Volumes)
        {
            if (!volume.IsOurs || volume.IsRetained)
                continue;
            bool isKept = scene.Wanted.WhenDeleted == VolumeFate.Retain && !volume.IsTerminating;
            if (isKept)
            {
                return new ClusterAction.RetainVolume(
                    volume.Member, volume.Uid, "Volumes are kept when the cluster is deleted.");
            }

            return volume.IsTerminating
                ? scene.Wait($"{volume.Member}'s volume to go")
                : new ClusterAction.DeleteVolume(
                    volume.Member, volume.Uid, volume.Version, "The cluster is being deleted.");
        }

        return null;
    }
}
