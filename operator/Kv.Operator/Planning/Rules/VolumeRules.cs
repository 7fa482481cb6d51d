namespace Kv.Operator.Planning.Rules;

/// <summary>Lets volumes grow, one after the other. Where the file system grows only on mounting, the pod is restarted
/// as in a roll.</summary>
public static class VolumeRules
{
    private static readonly TimeSpan Recheck = TimeSpan.FromSeconds(15);

    public static ClusterAction? Grow(Scene scene)
    {
        MemberScene[] members =
        [
            .. scene.Ready.Where(member => member.HasVolume)
                .OrderBy(member => member.IsLeader).ThenBy(member => member.Record.Serial),
        ];
        if (members.FirstOrDefault(member => IsGrowing(member.Volume!)) is { } growing)
        {
            return growing.Volume!.AwaitsRestart && growing.Pod is not null
                ? RollRules.Restart(scene, growing, "Its file system grows when it is mounted anew.")
                : new ClusterAction.Wait(
                    $"{growing.Name}'s volume to grow {growing.Volume.TroubleText}".TrimEnd(), Recheck);
        }

        MemberScene? next = members.FirstOrDefault(member => member.Volume!.RequestedBytes < scene.Wanted.VolumeBytes);
        return next is not null && scene.Found.CanVolumesGrow
            ? new ClusterAction.GrowVolume(
                next.Name, next.Volume!.Uid, scene.Wanted.VolumeBytes, "A larger volume is wanted.")
            : null;
    }

    private static bool IsGrowing(VolumeFound volume) =>
        volume.CapacityBytes != 0 && volume.CapacityBytes < volume.RequestedBytes;
}
