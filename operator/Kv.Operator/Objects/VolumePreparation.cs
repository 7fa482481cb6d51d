using System.Globalization;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;

namespace Kv.Operator.Objects;

/// <summary>What is done to the volume of a member before its node starts, by a container of the node's own image. Each
/// does nothing if it has been done, so that a pod may start as often as it likes; what fails is the last line of
/// its log, from where it comes into the status of the cluster.</summary>
public static class VolumePreparation
{
    private const string SnapshotVolume = "snapshot";
    private const string SnapshotFolder = "/snapshot";

    /// <summary>The URL of a file in a claim that is mounted for it.</summary>
    public static string UrlOf(string pathInClaim) => $"file://{SnapshotFolder}/{Escape(pathInClaim)}";

    /// <summary>The URL of an object in a store.</summary>
    public static string UrlOf(string bucket, string key) => $"s3://{bucket}/{Escape(key)}";

    /// <summary>Makes the data directory of the first member from a snapshot.</summary>
    public static void Restore(V1Pod pod, ClusterLayout layout, string member, RestoreSource source)
    {
        string peerUrl = layout.PeerUrlOf(member);
        List<string> arguments =
        [
            "snapshot",
            "restore",
            $"--from={source.Url}",
            $"--data-dir={MemberPod.DataDirectory}",
            $"--data-marker={MemberPod.MarkerFile}",
            $"--name={member}",
            $"--initial-cluster={member}={peerUrl}",
            $"--initial-cluster-token={layout.Uid}",
            $"--initial-advertise-peer-urls={peerUrl}",
        ];
        if (source.BumpRevision > 0)
        {
            arguments.Add($"--bump-revision={source.BumpRevision.ToString(CultureInfo.InvariantCulture)}");
            arguments.Add("--mark-compacted");
        }

        if (source.Sha256 is { } hash)
            arguments.Add($"--sha256={hash}");
        arguments.AddRange(S3Access.Flags(source.Endpoint, source.Region));
        V1Container container = Add(pod, "restore", arguments);
        container.Env = [.. container.Env!, .. S3Access.Variables(source.CredentialsSecret)];
        if (source.ClaimName is { } claim)
        {
            container.VolumeMounts!.Add(
                new V1VolumeMount { Name = SnapshotVolume, MountPath = SnapshotFolder, ReadOnly = true });
            pod.Spec.Volumes!.Add(new V1Volume
            {
                Name = SnapshotVolume,
                PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = claim, ReadOnly = true },
            });
        }
    }

    /// <summary>Keeps a copy of the data of a member that is about to be forced to go on alone.</summary>
    public static void Keep(V1Pod pod, RecoveryRecord recovery)
    {
        string number = recovery.Number.ToString(CultureInfo.InvariantCulture);
        Add(
            pod,
            "keep-data",
            [
                "copy",
                $"--data-dir={MemberPod.DataDirectory}",
                $"--to={MemberPod.DataDirectory}.pre-recovery-{number}",
            ]);
        pod.SetAnnotation(Names.Recovery, number);
    }

    /// <summary>A container like the node's, less what only a server needs.</summary>
    private static V1Container Add(V1Pod pod, string name, List<string> arguments)
    {
        V1Container node = pod.Spec.Containers![0];
        var container = new V1Container
        {
            Name = name,
            Image = node.Image,
            ImagePullPolicy = node.ImagePullPolicy,
            Args = arguments,
            Env = [.. node.Env!.Where(NodeVariables.IsForAll)],
            Resources = node.Resources,
            SecurityContext = node.SecurityContext,
            TerminationMessagePolicy = node.TerminationMessagePolicy,
            VolumeMounts = [.. node.VolumeMounts!.Where(mount => mount.Name is "data" or "tmp")],
        };
        pod.Spec.InitContainers = [.. pod.Spec.InitContainers ?? [], container];
        return container;
    }

    private static string Escape(string path) => string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
}
