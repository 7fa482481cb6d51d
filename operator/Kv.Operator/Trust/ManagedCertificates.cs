using System.Net;
using Kv.Kubernetes;
using Kv.Operator.Api;
using Kv.Operator.Objects;
using Kv.Operator.Planning;
using Kv.Operator.Reconciling;

namespace Kv.Operator.Trust;

/// <summary>Has certificates issued by cert-manager: the operator writes Certificate objects, and reads the Secrets
/// that come of them as it reads those of users. Renewing is cert-manager's business.</summary>
internal sealed class ManagedCertificates(IKubernetesClient client)
{
    private static readonly string[] Usages = ["digital signature", "server auth", "client auth"];

    /// <summary>Asks for a certificate, or sees to it that what is asked for is as wanted.</summary>
    /// <param name="secret">The name of the Secret, and of the Certificate.</param>
    /// <exception cref="ObstacleException">There is no cert-manager, or a Certificate of that name is not ours.
    /// </exception>
    public async Task AskAsync(
        ClusterLayout layout,
        string secret,
        string subject,
        IReadOnlyList<string> names,
        IssuerReference issuer,
        CancellationToken stop)
    {
        V1Certificate? there = await client.GetAsync<V1Certificate>(secret, layout.Namespace, stop);
        if (there is not null && there.GetAnnotation(Names.ClusterUid) != layout.Uid)
        {
            throw new ObstacleException(
                Obstacle.ForeignObject,
                $"A Certificate named {secret} exists that does not belong to this cluster. Delete or rename it.");
        }

        try
        {
            await client.ApplyAsync(Build(layout, secret, subject, names, issuer), Names.FieldManager, stop);
        }
        catch (KubernetesException unknown) when (unknown.IsNotFound)
        {
            throw new ObstacleException(
                Obstacle.CertManagerMissing,
                "The API server knows no Certificates: install cert-manager, or choose another issuer.");
        }
    }

    /// <summary>Why there is no Secret yet, in the words of cert-manager.</summary>
    public async Task<string> WhyNotAsync(ClusterLayout layout, string secret, CancellationToken stop)
    {
        V1Certificate? asked = await client.GetAsync<V1Certificate>(secret, layout.Namespace, stop);
        string? said = asked?.Status.Conditions?.FirstOrDefault(
            each => each is { Type: "Ready", Status: "False" })?.Message;
        return string.IsNullOrEmpty(said) ? "" : $" ({said.TrimEnd('.')})";
    }

    private static V1Certificate Build(
        ClusterLayout layout,
        string secret,
        string subject,
        IReadOnlyList<string> names,
        IssuerReference issuer)
    {
        string[] addresses = [.. names.Where(name => IPAddress.TryParse(name, out _))];
        return new V1Certificate
        {
            Metadata = layout.OwnedMetadata(secret),
            Spec = new CertificateSpec
            {
                SecretName = secret,
                CommonName = subject,
                DnsNames = names.Count > addresses.Length ? [.. names.Except(addresses)] : null,
                IpAddresses = addresses.Length > 0 ? addresses : null,
                Usages = Usages,
                Duration = $"{AuthorityPlan.LeafLife.TotalHours:0}h0m0s",
                PrivateKey = new CertificatePrivateKey { Algorithm = "ECDSA", Size = 256, RotationPolicy = "Always" },
                IssuerRef = issuer,
            },
        };
    }
}
