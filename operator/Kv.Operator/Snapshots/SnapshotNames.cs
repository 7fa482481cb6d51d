using System.Security.Cryptography;
using System.Text;
using Kv.Kubernetes;
using Kv.Operator.Api;

namespace Kv.Operator.Snapshots;

/// <summary>Names that objects around snapshots carry; they are looked for by them, and so never change.</summary>
public static class SnapshotNames
{
    /// <summary>Holds a KvSnapshot until its snapshot is deleted where it is kept.</summary>
    public const string Finalizer = "kvoperator.io/snapshot";

    /// <summary>On Jobs and their pods: the name of the Job.</summary>
    public const string JobLabel = "kvoperator.io/snapshot-job";

    /// <summary>On a KvSnapshot: the cluster whose schedule it was made by.</summary>
    public const string ScheduleLabel = "kvoperator.io/snapshot-schedule";

    /// <summary>On a KvSnapshot: the time of the schedule that it was made for.</summary>
    public const string ScheduledAt = "kvoperator.io/scheduled-at";

    /// <summary>On a KvSnapshot: the cluster before whose upgrade it was taken.</summary>
    public const string UpgradeLabel = "kvoperator.io/snapshot-before-upgrade";

    /// <summary>On a KvSnapshot before an upgrade: when it was asked for, as the cluster's status has it.</summary>
    public const string AskedAt = "kvoperator.io/asked-at";

    private const int NameMax = 40;

    public static string TakeJobOf(V1KvSnapshot snapshot) => JobOf(snapshot, "take");

    public static string DeleteJobOf(V1KvSnapshot snapshot) => JobOf(snapshot, "delete");

    /// <summary>Of this very object: one that is made anew under the same name has other Jobs.</summary>
    private static string JobOf(V1KvSnapshot snapshot, string what)
    {
        string name = snapshot.Name().Replace('.', '-');
        byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes(snapshot.Uid()));
        return $"{(name.Length > NameMax ? name[..NameMax].TrimEnd('-') : name)}-" +
            $"{Convert.ToHexStringLower(hash.AsSpan(0, 4))}-{what}";
    }
}
