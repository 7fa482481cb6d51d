using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Members;
using Kv.Operator.Planning;

namespace Kv.Operator.Tests.Reconciling;

/// <summary>What takes a cluster of three its quorum for good, and what a person can do about it.</summary>
internal static class Disasters
{
    /// <summary>One volume is gone, another cannot be read; the members on them do not come back.</summary>
    public static void LoseQuorum(Harness harness)
    {
        harness.Api.MarkDeleted<V1PersistentVolumeClaim>("data-demo-1");
        harness.Kubelet.Troubles["demo-2"] = PodTrouble.Crashing;
        foreach (string member in new[] { "demo-1", "demo-2" })
            harness.Api.MarkDeleted<V1Pod>(member);
        harness.Kubelet.Tick();
    }

    /// <summary>All stores have grown to so much.</summary>
    public static void Swell(Harness harness, long bytes)
    {
        foreach (MemberLine line in harness.Members.Members)
            harness.Members.StoreBytes[SimulatedMembers.HostOf(line)] = bytes;
    }

    public static void Ask(Harness harness, string what) => harness.Change(cluster =>
        cluster.SetAnnotation(Names.Recover, $"{what},confirm={cluster.Uid()}"));

    public static BootstrapSpec Begin(string snapshot) =>
        new() { FromSnapshot = new SnapshotSource { Name = snapshot } };

    /// <summary>A schedule that says where snapshots are kept.</summary>
    public static SnapshotScheduleSpec Nightly() => new()
    {
        Schedule = "0 3 * * *",
        Destination = { PersistentVolumeClaim = new ClaimDestination { ClaimName = "backups" } },
    };

    /// <summary>A snapshot that is done, in a volume.</summary>
    public static void AddSnapshot(Harness harness)
    {
        harness.Api.Add(new V1PersistentVolumeClaim
        {
            Metadata = new() { Name = "backups", NamespaceProperty = "default" },
            Spec = new V1PersistentVolumeClaimSpec
            {
                Resources = new V1VolumeResourceRequirements
                {
                    Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = "5Gi" },
                },
            },
        });
        harness.Api.Add(new V1KvSnapshot
        {
            Metadata = new() { Name = "daily", NamespaceProperty = "default" },
            Spec = new KvSnapshotSpec
            {
                Cluster = "demo",
                Destination = { PersistentVolumeClaim = new ClaimDestination { ClaimName = "backups" } },
            },
            Status = new KvSnapshotStatus { Phase = "Done", Location = "demo/daily.db" },
        });
    }
}
