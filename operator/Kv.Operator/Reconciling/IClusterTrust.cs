using Kv.Operator.Members;
using Kv.Operator.Objects;

namespace Kv.Operator.Reconciling;

/// <summary>Certificates of a cluster.</summary>
public interface IClusterTrust
{
    /// <summary>Makes or renews what is to be made or renewed, and tells of what is there.</summary>
    /// <exception cref="ObstacleException">A Secret is in the way, or one that was named is not as it should be.
    /// </exception>
    /// <exception cref="CertificatePendingException">Somebody else has yet to issue a certificate.</exception>
    Task<ClusterCertificates> PrepareAsync(ClusterLayout layout, bool mayChange, CancellationToken stop);
}

/// <summary>What is known of the certificates of a cluster.</summary>
/// <param name="Trust">What the operator itself needs to be heard by members; null where clients need no TLS, or while
/// there is nothing yet.</param>
/// <param name="EndsAt">When the certificate ends that ends first; null without any.</param>
public sealed record ClusterCertificates(MemberTrust? Trust, DateTimeOffset? EndsAt)
{
    public static ClusterCertificates None { get; } = new(null, null);
}

/// <summary>A certificate has been asked for and is not there yet; the message goes behind "Waiting for".</summary>
public sealed class CertificatePendingException(string message) : Exception(message);
