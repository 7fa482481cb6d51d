using Kv.Replication;
using Kv.Store;

namespace Kv.Node.Tests.Replication;

/// <summary>How a member starts.</summary>
/// <param name="Founders">Whom the cluster begins with; none if the member joins one that is there.</param>
internal sealed record MemberSetup(ulong Id, IReadOnlyList<ClusterMember> Founders)
{
    public const ulong ClusterId = 7;

    public INetwork Network { get; init; } = new NoNetwork();

    public ulong SnapshotEntries { get; init; } = 20;

    /// <summary>Which life of the member this is: no two give the same numbers to requests.</summary>
    public int Life { get; init; }

    /// <summary>Whether the others are given up for lost.</summary>
    public bool IsForced { get; init; }

    /// <summary>A member that is alone.</summary>
    public static MemberSetup Lone { get; } = new(9, [Member(9)]);

    public static ClusterMember Member(ulong id) =>
        new(id, [$"http://127.0.0.{id}:2380"], IsLearner: false, $"m{id}", ClientUrls: []);
}
