namespace Kv.Operator.Planning.Rules;

/// <summary>A process that is gone comes back with its own name and its own data: no change of members, always safe,
/// and so allowed whatever else is wrong.</summary>
public static class ReattachRules
{
    /// <summary>Takes away pods that give nothing and cannot come to: those that ended for good, and those of an
    /// outdated template that do not run, which is also how a bad template is mended by a new one.</summary>
    public static ClusterAction? ClearAway(Scene scene)
    {
        foreach (MemberScene member in scene.Members)
        {
            if (member.Pod is not { IsTerminating: false } pod)
                continue;
            if (pod.IsFinished)
                return new ClusterAction.DeletePod(member.Name, pod.Uid, pod.Version, "The pod has ended.");
            if (member.IsOutdated && member.IsIdle)
            {
                return new ClusterAction.DeletePod(
                    member.Name, pod.Uid, pod.Version, "It does not run, and its template is outdated.");
            }
        }

        return null;
    }

    public static ClusterAction? Reattach(Scene scene)
    {
        foreach (MemberScene member in scene.Members)
        {
            // Whoever cannot be looked up may be one whose vote is missing.
            bool isWanted = scene.Found.Members is null || member.Entry is not null;
            if (isWanted && member.Pod is null && member.HasData)
            {
                return new ClusterAction.CreatePod(
                    member.Name, PodStart.Resume, "", "Its pod is gone, its data is not.");
            }
        }

        return null;
    }

    /// <summary>A pod that was told to end may serve to its last moment: all looks well, and is not as wanted until
    /// the next one is there.</summary>
    public static ClusterAction? AwaitEnd(Scene scene) =>
        scene.Ready.FirstOrDefault(member => member.Pod is { IsTerminating: true }) is { } member
            ? scene.Wait($"{member.Name}'s pod to end and come back")
            : null;

    /// <summary>A volume that was deleted before its member was in goes once no pod has it; then there can be
    /// another.</summary>
    internal static ClusterAction Unmount(Scene scene, MemberScene member) =>
        member.Pod is { IsTerminating: false } pod
            ? new ClusterAction.DeletePod(member.Name, pod.Uid, pod.Version, "Its volume was deleted.")
            : scene.Wait($"{member.Name}'s volume to go");
}
