using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Pages;

namespace Kv.Operator.Tests.Pages;

/// <summary>Worlds that the page is shown of, one for each thing that it has to tell.</summary>
internal static class PageScenes
{
    // Above what is made with it.
    private static readonly DateTime Now = DateTime.UtcNow;

    /// <summary>All of them, by name, and a text that must be read in each.</summary>
    public static IReadOnlyDictionary<string, (PageScene Scene, string Says)> All { get; } =
        new Dictionary<string, (PageScene, string)>
        {
            ["empty"] = (new PageScene { Leads = true, DefaultVersion = "3.7.1" }, "There are no clusters yet"),
            ["healthy"] = (Of(Healthy("demo")), "Healthy"),
            ["degraded"] = (Of(Degraded(Healthy("demo"))), "MemberDown"),
            ["no-quorum"] = (Of(WithoutQuorum(Healthy("demo"))), "No quorum"),
            ["snapshot"] = (Of(Healthy("demo"), Running("demo"), Done("demo", 6), Failed("demo", 7)), "Running"),
            ["upgrade"] = (Of(Upgrading(Healthy("demo"))), "Upgrade from 3.6.4 to 3.7.1"),
            ["adoption"] = (Of(Adopting(Healthy("heir"))), "Adoption of an etcd cluster"),
            ["recovery"] = (Of(Recovering(Healthy("demo"))), "survivor=demo-2"),
            ["invalid"] = (Of(Invalid(Healthy("demo"))), "Invalid specification"),
            ["paused"] = (Of(Paused(Healthy("demo"))), "Paused"),
            ["fresh"] = (Of(Fresh("demo")), "Not looked at yet"),
            ["deleting"] = (Of(Deleting(Healthy("demo"))), "In progress"),
            ["hostile"] = (Of(Hostile(Healthy("demo"))), "onerror"),
            ["many"] = (Many(), "No quorum"),
        };

    public static PageScene Of(V1KvCluster cluster, params V1KvSnapshot[] snapshots) => new()
    {
        Clusters = [cluster],
        Snapshots = snapshots,
        Leads = true,
        DefaultVersion = "3.7.1",
    };

    public static V1KvCluster Healthy(string name) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "data", Uid = name },
        Spec = new KvClusterSpec { Replicas = 3, Storage = new StorageSpec { Size = "10Gi" } },
        Status = new KvClusterStatus
        {
            Phase = "Running",
            Message = "All is as wanted.",
            Version = "3.7.1",
            ClusterId = "8d4c7f2a91be03d5",
            DefaultQuota = 8L << 30,
            Leader = $"{name}-1",
            Replicas = 3,
            ReadyReplicas = 3,
            CertificatesExpireAt = Now.AddDays(61),
            Members =
            [
                Member($"{name}-0", "Voter", "node-a", "zone-1", 412),
                Member($"{name}-1", "Leader", "node-b", "zone-2", 409),
                Member($"{name}-2", "Voter", "node-c", "zone-3", 415),
            ],
            Conditions =
            [
                Condition("SpecValid", "True", "Valid"),
                Condition("Available", "True", "QuorumServes", "A quorum of the voters serves."),
                Condition("Ready", "True", "AllAsWanted"),
                Condition("Progressing", "False", "AllAsWanted"),
                Condition("Degraded", "False", "AllMembersServe"),
            ],
        },
    };

    public static V1KvCluster Degraded(V1KvCluster cluster)
    {
        KvMemberStatus member = cluster.Status.Members![2];
        (member.Healthy, member.SilentSince, member.Restarts) = (false, Now.AddMinutes(-4), 1);
        member.Alarms = ["NoSpace"];
        cluster.Status.Phase = "Repairing";
        cluster.Status.Message = "Waiting for demo-2 to serve after its restart.";
        cluster.Status.ReadyReplicas = 2;
        Operate(cluster, "Repairing", Now.AddMinutes(-2));
        Set(cluster, "Ready", "False", "Repairing");
        Set(cluster, "Degraded", "True", "MemberDown", "demo-2 does not serve.");
        return cluster;
    }

    public static V1KvCluster WithoutQuorum(V1KvCluster cluster)
    {
        foreach (KvMemberStatus member in cluster.Status.Members!.Skip(1))
            (member.Healthy, member.Role, member.SilentSince) = (false, "None", Now.AddMinutes(-12));
        (cluster.Status.Phase, cluster.Status.Leader, cluster.Status.ReadyReplicas) = ("Unavailable", null, 1);
        cluster.Status.Message = "1 of 3 voters serves, 2 are needed: demo-1 (its node is gone), demo-2.";
        Set(cluster, "Available", "False", "QuorumLost", cluster.Status.Message);
        Set(cluster, "Ready", "False", "QuorumLost");
        return cluster;
    }

    public static V1KvSnapshot Running(string cluster) => Snapshot(cluster, "nightly-8", new KvSnapshotStatus
    {
        Phase = "Running",
        StartedAt = Now.AddSeconds(-20),
        Message = "The Job demo-take works.",
    });

    private static V1KvSnapshot Done(string cluster, int number) => Snapshot(cluster, $"nightly-{number}", new()
    {
        Phase = "Done",
        Revision = 1_204_377,
        Size = 431 << 20,
        Verified = true,
        Location = $"nightly/{cluster}/nightly-{number}.db",
        CompletedAt = Now.AddDays(-2),
    });

    private static V1KvSnapshot Failed(string cluster, int number) => Snapshot(cluster, $"nightly-{number}", new()
    {
        Phase = "Failed",
        Verified = false,
        Message = "Four attempts failed: no space left on device.",
        CompletedAt = Now.AddDays(-1),
    });

    private static V1KvCluster Upgrading(V1KvCluster cluster)
    {
        foreach (KvMemberStatus member in cluster.Status.Members!.Skip(1))
            member.Version = "3.6.4";
        (cluster.Status.Phase, cluster.Status.Version) = ("Rolling", "3.6.4");
        cluster.Status.Message = "demo-2 has outdated settings, and all others serve.";
        cluster.Status.Upgrade = new KvUpgradeStatus { From = "3.6.4", To = "3.7.1" };
        Operate(cluster, "Rolling", Now.AddMinutes(-1));
        Set(cluster, "Ready", "False", "Rolling");
        Set(cluster, "Progressing", "True", "Rolling");
        return cluster;
    }

    private static V1KvCluster Adopting(V1KvCluster cluster)
    {
        (cluster.Status.Phase, cluster.Status.Message) = ("Joining", "Waiting for spec.bootstrap.fromEtcd.finalize.");
        cluster.Status.Adoption = new KvAdoptionStatus
        {
            Phase = "AwaitingFinalize",
            ForeignMembers =
            [
                Foreign("a1", "old-0", "Leader", true),
                Foreign("a2", "old-1", "Voter", true),
                Foreign("a3", "old-2", "Voter", false),
            ],
        };
        Set(cluster, "Ready", "False", "Joining");
        Set(cluster, "Adopted", "False", "AwaitingFinalize");
        return cluster;
    }

    private static V1KvCluster Recovering(V1KvCluster cluster)
    {
        WithoutQuorum(cluster);
        (cluster.Status.Phase, cluster.Status.Message) = ("Unavailable", "Waiting for the pod of demo-2 to be gone.");
        cluster.Status.Recovery = new KvRecoveryStatus
        {
            Request = "survivor=demo-2,confirm=5f1c",
            Number = 1,
            Step = "Fencing",
            Survivor = "demo-2",
            StartedAt = Now.AddSeconds(-40),
        };
        Operate(cluster, "Recovering", Now.AddSeconds(-40));
        return cluster;
    }

    private static V1KvCluster Invalid(V1KvCluster cluster)
    {
        cluster.Spec.Storage.Quota = "plenty";
        (cluster.Status.Phase, cluster.Status.Message) = ("Invalid", "spec.storage.quota: 'plenty' is no size.");
        Set(cluster, "SpecValid", "False", "InvalidSpec", cluster.Status.Message);
        Set(cluster, "Ready", "False", "InvalidSpec");
        return cluster;
    }

    private static V1KvCluster Paused(V1KvCluster cluster)
    {
        cluster.Spec.Paused = true;
        (cluster.Status.Phase, cluster.Status.Message) = ("Paused", "spec.paused is set.");
        Set(cluster, "Ready", "False", "Paused");
        Set(cluster, "Paused", "True", "Paused");
        return cluster;
    }

    private static V1KvCluster Fresh(string name) =>
        new() { Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "data" } };

    private static V1KvCluster Deleting(V1KvCluster cluster)
    {
        cluster.Metadata.DeletionTimestamp = Now.AddSeconds(-5);
        (cluster.Status.Phase, cluster.Status.Message) = ("Deleting", "Waiting for the pods to be gone.");
        Operate(cluster, "Deleting", Now.AddSeconds(-5));
        Set(cluster, "Ready", "False", "Deleting");
        return cluster;
    }

    /// <summary>Texts that are markup where they are not escaped, in all fields that somebody else may write.</summary>
    private static V1KvCluster Hostile(V1KvCluster cluster)
    {
        const string Attack =
            "\"'><img src=x onerror=\"window.pwned=1\"><script>window.pwned=1</script><style>*{}</style>";
        Degraded(cluster);
        (cluster.Status.Phase, cluster.Status.Message, cluster.Status.Leader) = (Attack, Attack, Attack);
        (cluster.Status.Version, cluster.Status.ClusterId) = (Attack, Attack);
        foreach (V1Condition condition in cluster.Status.Conditions!)
            (condition.Reason, condition.Message) = (Attack, Attack + new string('x', 5000));
        foreach (KvMemberStatus member in cluster.Status.Members!)
        {
            (member.Name, member.Node, member.Zone, member.Reason) = (Attack, Attack, Attack, Attack);
            (member.Version, member.Phase, member.Role, member.Alarms) = (Attack, Attack, Attack, [Attack]);
        }

        return cluster;
    }

    private static PageScene Many() => new()
    {
        Clusters =
        [
            Healthy("orders"), Healthy("search"), WithoutQuorum(Healthy("audit")), Degraded(Healthy("demo")),
            Upgrading(Healthy("control-plane")), Invalid(Healthy("typo")), Paused(Healthy("maintenance")),
            Fresh("fresh"),
        ],
        Namespaces = ["data", "team-a"],
        DefaultVersion = "3.7.1",
        Trouble = "[-]informers failed: kvclusters.kvoperator.io has heard nothing for 00:20:00",
    };

    private static void Operate(V1KvCluster cluster, string type, DateTime since) =>
        cluster.Status.Operation = new KvOperationStatus { Type = type, StartedAt = since };

    public static void Set(V1KvCluster cluster, string type, string status, string reason, string message = "")
    {
        cluster.Status.Conditions =
        [
            .. cluster.Status.Conditions!.Where(condition => condition.Type != type),
            Condition(type, status, reason, message),
        ];
    }

    private static V1Condition Condition(string type, string status, string reason, string message = "") => new()
    {
        Type = type,
        Status = status,
        Reason = reason,
        Message = message,
        LastTransitionTime = Now.AddMinutes(-5),
    };

    private static KvMemberStatus Member(string name, string role, string node, string zone, long sizeMiB) => new()
    {
        Name = name,
        Phase = "Ready",
        Role = role,
        Healthy = true,
        Version = "3.7.1",
        DbSize = sizeMiB << 20,
        DbSizeInUse = (sizeMiB << 20) / 3 * 2,
        Node = node,
        Zone = zone,
    };

    private static KvForeignMemberStatus Foreign(string id, string name, string role, bool isHealthy) => new()
    {
        Id = id,
        Name = name,
        Role = role,
        Healthy = isHealthy,
        Version = "3.5.30",
        PeerUrl = $"http://{name}.example:2380",
    };

    private static V1KvSnapshot Snapshot(string cluster, string name, KvSnapshotStatus status) => new()
    {
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "data" },
        Spec = new KvSnapshotSpec { Cluster = cluster },
        Status = status,
    };
}
