using Kv.Kubernetes.Models;
using Kv.Operator.Members;
using Kv.Operator.Objects;
using Kv.Operator.Planning;

namespace Kv.Operator.Reconciling;

/// <summary>One look at a cluster: in the words of the plan, and the objects that these were made from.</summary>
public sealed record Observation(
    IReadOnlyList<V1Pod> Pods,
    IReadOnlyList<V1PersistentVolumeClaim> Volumes,
    IReadOnlyList<MemberEndpoint> Endpoints,
    FoundCluster Found)
{
    /// <summary>The snapshot that the first member begins with; null if it begins with nothing.</summary>
    public RestoreSource? Snapshot { get; init; }

    /// <summary>When the certificate ends that ends first; null if none is known.</summary>
    public DateTimeOffset? CertificatesEndAt { get; init; }

    public MemberEndpoint? EndpointOf(string member) => Endpoints.FirstOrDefault(each => each.Member == member);

    /// <summary>A member that has a quorum behind it, the leader if it can be: whom to ask for changes.</summary>
    public MemberEndpoint? Spokesman()
    {
        MemberAnswer? answer = Found.Answers
            .Where(answer => answer.ServesReads && EndpointOf(answer.Member) is not null)
            .OrderByDescending(answer => answer.LeaderId == answer.Id)
            .FirstOrDefault();
        return answer is null ? null : EndpointOf(answer.Member);
    }
}
