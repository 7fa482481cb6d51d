using Kv.Operator.Members;
using Kv.Operator.Objects;

namespace Kv.Operator.Reconciling;

/// <summary>Certificates of a cluster.</summary>
public interface IClusterTrust
{
    /// <summary>Makes or renews what is to be made or renewed, and gives what the operator itself needs to be heard by
    /// members; null without TLS, or while there is nothing yet.</summary>
    /// <exception cref="ObstacleException">A Secret is in the way, or one that was named is not as it should be.
    /// </exception>
    /// <exception cref="CertificatePendingException">Somebody else has yet to issue a certificate.</exception>
    Task<MemberTrust?> PrepareAsync(ClusterLayout layout, bool mayChange, CancellationToken stop);
}

/// <summary>A certificate has been asked for and is not there yet; the message goes behind "Waiting for".</summary>
public sealed class CertificatePendingException(string message) : Exception(message);
