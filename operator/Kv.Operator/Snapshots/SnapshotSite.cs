using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Objects;

namespace Kv.Operator.Snapshots;

/// <summary>Where a snapshot is kept, as a pod of the node sees it: the URL, the flags and variables that go with it,
/// and the volume. The same for whoever writes, deletes or reads it.</summary>
public sealed class SnapshotSite
{
    public const string MountPath = "/snapshots";
    private const string VolumeName = "snapshots";

    private readonly SnapshotDestination _destination;

    private SnapshotSite(SnapshotDestination destination, string url, string location)
    {
        _destination = destination;
        (Url, Location) = (url, location);
    }

    /// <summary>What commands of the node are given.</summary>
    public string Url { get; }

    /// <summary>What people are told: the URL, or the path in the volume.</summary>
    public string Location { get; }

    /// <summary>The claim it is in; null for S3.</summary>
    public string? Claim => _destination.PersistentVolumeClaim?.ClaimName;

    /// <summary>The Secret it is reached with; null for a claim.</summary>
    public string? Secret => _destination.S3?.CredentialsSecret;

    /// <summary>Where this object's snapshot is, or is to be: a name that is its own in the place.</summary>
    public static SnapshotSite Of(V1KvSnapshot snapshot)
    {
        string name = $"{snapshot.Spec.Cluster}/{snapshot.Name()}.db";
        if (snapshot.Spec.Destination.S3 is { } s3)
        {
            string url = $"s3://{s3.Bucket}/{Below(s3.Prefix, $"{snapshot.Namespace()}/{name}")}";
            return new SnapshotSite(snapshot.Spec.Destination, url, url);
        }

        string path = Below(snapshot.Spec.Destination.PersistentVolumeClaim?.Path, name);
        return new SnapshotSite(
            snapshot.Spec.Destination, new Uri($"file://{MountPath}/{path}").AbsoluteUri, path);
    }

    public IEnumerable<string> Flags() => S3Access.Flags(_destination.S3?.Endpoint, _destination.S3?.Region);

    public IEnumerable<V1EnvVar> Variables() => S3Access.Variables(Secret);

    public IEnumerable<V1VolumeMount> Mounts(bool readOnly = false)
    {
        if (Claim is null)
            yield break;
        yield return new V1VolumeMount
        {
            Name = VolumeName,
            MountPath = MountPath,
            ReadOnly = readOnly ? true : null,
        };
    }

    public IEnumerable<V1Volume> Volumes()
    {
        if (Claim is not { } claim)
            yield break;
        yield return new V1Volume
        {
            Name = VolumeName,
            PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = claim },
        };
    }

    private static string Below(string? folder, string name) =>
        folder?.Trim('/') is { Length: > 0 } trimmed ? $"{trimmed}/{name}" : name;
}
