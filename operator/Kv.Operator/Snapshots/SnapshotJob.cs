using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;

namespace Kv.Operator.Snapshots;

/// <summary>The Jobs of a snapshot: one takes it, another deletes it. Their pods run the node's image, fit for the
/// restricted profile, and answer in their termination message.</summary>
public static class SnapshotJob
{
    public static readonly TimeSpan DefaultDeadline = TimeSpan.FromHours(1);

    private const string MessageFile = "/dev/termination-log";
    private const string ScratchFolder = "/tmp";
    private const string TlsFolder = "/etc/kv/tls";
    private const string TlsVolume = "tls";

    // 4 MiB, as the runtime wants it: in hexadecimal. By default it may let as much garbage wait as the processor's
    // largest cache has room for, and what is made here is garbage at once.
    private const string YoungGenerationMaxBytes = "400000";

    private const int RetryMax = 3;

    /// <summary>A Job that is gone before its answer was read is made again, and finds what the first has
    /// done.</summary>
    private const int TakenTtlSeconds = 86_400;

    /// <summary>A Job that could not delete is made again when it is gone.</summary>
    private const int DeletedTtlSeconds = 300;

    public static V1Job Take(V1KvSnapshot snapshot, ClusterLayout layout)
    {
        var site = SnapshotSite.Of(snapshot);
        string members = string.Join(',', ReadyMembers(layout.Cluster).Select(layout.ClientUrlOf));
        string? tls = TlsSecretOf(layout);
        V1Job job = Make(snapshot, layout, site, SnapshotNames.TakeJobOf(snapshot));
        job.Spec.ActiveDeadlineSeconds = (long)(SpanText.Parse(snapshot.Spec.Deadline) ?? DefaultDeadline).TotalSeconds;
        job.Spec.TtlSecondsAfterFinished = TakenTtlSeconds;
        V1Container container = job.Spec.Template.Spec!.Containers![0];
        container.Args =
        [
            "snapshot", "take",
            $"--endpoints={members}",
            $"--to={site.Url}",
            $"--cluster-id={layout.Cluster.Status?.ClusterId}",
            $"--scratch={ScratchFolder}",
            .. Told(snapshot, site),
            .. tls is null
                ? []
                : new[]
                {
                    $"--cacert={TlsFolder}/ca.crt", $"--cert={TlsFolder}/tls.crt", $"--key={TlsFolder}/tls.key",
                },
        ];
        if (tls is not null)
        {
            container.VolumeMounts!.Add(new V1VolumeMount { Name = TlsVolume, MountPath = TlsFolder, ReadOnly = true });
            job.Spec.Template.Spec.Volumes!.Add(new V1Volume
            {
                Name = TlsVolume,
                Secret = new V1SecretVolumeSource { SecretName = tls, DefaultMode = 0x1A0 /* 0640 */ },
            });
        }

        return job;
    }

    public static V1Job Delete(V1KvSnapshot snapshot, ClusterLayout layout)
    {
        var site = SnapshotSite.Of(snapshot);
        V1Job job = Make(snapshot, layout, site, SnapshotNames.DeleteJobOf(snapshot));
        job.Spec.ActiveDeadlineSeconds = (long)DefaultDeadline.TotalSeconds;
        job.Spec.TtlSecondsAfterFinished = DeletedTtlSeconds;
        job.Spec.Template.Spec!.Containers![0].Args =
            ["snapshot", "delete", $"--at={site.Url}", .. Told(snapshot, site)];
        return job;
    }

    /// <summary>Members that a snapshot may be taken from; which of them is best is found out by the Job.</summary>
    public static IReadOnlyList<string> ReadyMembers(V1KvCluster cluster) =>
        [.. (cluster.Status?.Members ?? []).Where(member => member.Role is "Leader" or "Voter")
            .Select(member => member.Name)];

    public static bool IsComplete(V1Job job) => EndOf(job, "Complete") is not null;

    /// <summary>Why the Job has failed; null if it has not.</summary>
    public static V1JobCondition? FailureOf(V1Job job) => EndOf(job, "Failed");

    /// <summary>What clients show and trust; null without TLS.</summary>
    public static string? TlsSecretOf(ClusterLayout layout) => layout.Spec.Tls?.Client switch
    {
        null => null,
        { Issuer: CertificateIssuer.Secret } => layout.ClientTlsSecret,
        _ => layout.UserTlsSecret,
    };

    private static V1JobCondition? EndOf(V1Job job, string how) =>
        job.Status?.Conditions?.FirstOrDefault(each => each.Type == how && each.Status == "True");

    private static string[] Told(V1KvSnapshot snapshot, SnapshotSite site) =>
        [$"--owner={snapshot.Uid()}", $"--message-file={MessageFile}", .. site.Flags()];

    private static V1Job Make(V1KvSnapshot snapshot, ClusterLayout layout, SnapshotSite site, string name)
    {
        var labels = new Dictionary<string, string>
        {
            [Names.AppName] = "kv-snapshot",
            [Names.ManagedBy] = Names.FieldManager,
            [SnapshotNames.JobLabel] = name,
        };
        return new V1Job
        {
            Metadata = new V1ObjectMeta
            {
                Name = name,
                NamespaceProperty = snapshot.Namespace(),
                Labels = labels,
                OwnerReferences = [snapshot.MakeOwnerReference()],
            },
            Spec = new V1JobSpec
            {
                BackoffLimit = RetryMax,
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string>(labels) },
                    Spec = Pod(layout, site),
                },
            },
        };
    }

    private static V1PodSpec Pod(ClusterLayout layout, SnapshotSite site) => new()
    {
        RestartPolicy = "Never",
        AutomountServiceAccountToken = false,
        EnableServiceLinks = false,
        ImagePullSecrets = layout.Spec.ImagePullSecrets,
        NodeSelector = layout.Spec.Scheduling?.NodeSelector,
        Tolerations = layout.Spec.Scheduling?.Tolerations,
        SecurityContext = RestrictedProfile.OfPod(),
        Containers =
        [
            new V1Container
            {
                Name = "snapshot",
                Image = layout.Image,
                ImagePullPolicy = layout.Spec.ImagePullPolicy.ToString(),
                Env =
                [
                    .. site.Variables(),
                    new V1EnvVar { Name = "DOTNET_EnableDiagnostics", Value = "0" },
                    new V1EnvVar { Name = "DOTNET_GCGen0MaxBudget", Value = YoungGenerationMaxBytes },
                ],
                SecurityContext = RestrictedProfile.OfContainer(),
                TerminationMessagePath = MessageFile,
                TerminationMessagePolicy = "FallbackToLogsOnError",
                VolumeMounts = [new V1VolumeMount { Name = "tmp", MountPath = ScratchFolder }, .. site.Mounts()],
            },
        ],
        Volumes = [new V1Volume { Name = "tmp", EmptyDir = new V1EmptyDirVolumeSource() }, .. site.Volumes()],
    };
}
