using System.Security.Cryptography;
using System.Text;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Api;
using Kv.Operator.Planning;
using Kv.Operator.Tests.Scenarios;
using Kv.Operator.Trust;

namespace Kv.Operator.Tests.Admission;

/// <summary>Certificates by cert-manager, whose part is played by the test: it issues what Certificates ask for.
/// </summary>
[Collection(ScenarioCollection.Name)]
public sealed class CertManagerTests(ScenarioSite site)
{
    private const string Definition =
        """
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: { name: certificates.cert-manager.io }
        spec:
          group: cert-manager.io
          names: { kind: Certificate, listKind: CertificateList, plural: certificates, singular: certificate }
          scope: Namespaced
          versions:
          - name: v1
            served: true
            storage: true
            subresources: { status: {} }
            schema:
              openAPIV3Schema: { type: object, x-kubernetes-preserve-unknown-fields: true }
        """;

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task A_cluster_gets_its_certificates_from_cert_manager_once_that_is_there()
    {
        Assert.SkipWhen(ScenarioSite.IsForeign, "A real cert-manager would want a real issuer.");
        await using ScenarioCluster cluster = await ScenarioCluster.CreateAsync(site, "managed", spec =>
        {
            spec.Replicas = 1;
            spec.Tls = new TlsSpec
            {
                Client = new ClientTlsSpec
                {
                    Issuer = CertificateIssuer.CertManager,
                    IssuerRef = new IssuerReference { Name = "ours", Kind = IssuerKind.ClusterIssuer },
                    ExtraNames = ["db.example.org", "10.1.2.3"],
                    RequireClientCertificate = true,
                },
                Peer = new PeerTlsSpec
                {
                    Issuer = CertificateIssuer.CertManager,
                    IssuerRef = new IssuerReference { Name = "ours" },
                },
            };
        });
        await cluster.UntilAsync(
            "miss cert-manager",
            found => Says(found, "install cert-manager") && found.Status.Conditions!.Any(each =>
                each is { Type: "Degraded", Status: "True", Reason: nameof(Obstacle.CertManagerMissing) }),
            Soon);

        await site.Kubectl.RunWithAsync(Definition, "apply", "-f", "-");
        await cluster.UntilAsync(
            "wait for cert-manager", found => Says(found, $"cert-manager to issue {cluster.Name}-peer-tls"), Soon);

        using var stop = new CancellationTokenSource();
        var authority = IssuedCertificate.MakeAuthority("test", DateTimeOffset.UtcNow, TimeSpan.FromDays(1));
        Task issuing = IssueAsync(authority, stop.Token);
        await cluster.UntilAsync("be ready", found => ScenarioCluster.IsTrue(found, "Ready"));
        await stop.CancelAsync();
        await issuing;

        V1Certificate asked = await GetAsync($"{cluster.Name}-client-tls");
        Assert.Equal(("ours", IssuerKind.ClusterIssuer), (asked.Spec.IssuerRef.Name, asked.Spec.IssuerRef.Kind));
        Assert.Contains("db.example.org", asked.Spec.DnsNames!);
        Assert.Equal(["10.1.2.3"], asked.Spec.IpAddresses!);
        Assert.Contains($"*.{cluster.Name}-peers.{site.Space}.svc", asked.Spec.DnsNames!);
        Assert.True(asked.IsOwnedBy(await cluster.GetAsync()));
        V1Secret secret = (await site.Client.GetAsync<V1Secret>($"{cluster.Name}-client-tls", site.Space))!;
        Assert.Equal(authority.Certificate, Encoding.UTF8.GetString(secret.Data!["ca.crt"]));
        Assert.Null(await site.Client.GetAsync<V1Secret>($"{cluster.Name}-ca", site.Space));
        Assert.NotNull(await site.Client.GetAsync<V1Secret>($"{cluster.Name}-user-tls", site.Space));
    }

    private async Task<V1Certificate> GetAsync(string name) =>
        (await site.Client.GetAsync<V1Certificate>(name, site.Space))!;

    private static bool Says(V1KvCluster cluster, string text) =>
        cluster.Status.Message?.Contains(text, StringComparison.Ordinal) == true;

    /// <summary>Plays cert-manager: a Secret for every Certificate that has none.</summary>
    private async Task IssueAsync(IssuedCertificate authority, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (await timer.WaitForNextTickAsync(stop))
            {
                foreach (V1Certificate each in await site.Client.ListAsync<V1Certificate>(
                    site.Space, cancellationToken: stop))
                {
                    if (await site.Client.GetAsync<V1Secret>(each.Spec.SecretName, site.Space, stop) is null)
                        await site.Client.CreateAsync(SecretOf(each, authority), stop);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // It has done its part.
        }
    }

    private V1Secret SecretOf(V1Certificate asked, IssuedCertificate authority)
    {
        IssuedCertificate leaf = authority.Issue(
            asked.Spec.CommonName!,
            [.. asked.Spec.DnsNames ?? [], .. asked.Spec.IpAddresses ?? []],
            DateTimeOffset.UtcNow,
            TimeSpan.FromHours(1),
            RandomNumberGenerator.GetBytes(16));
        return new V1Secret
        {
            Metadata = new V1ObjectMeta { Name = asked.Spec.SecretName, NamespaceProperty = site.Space },
            Type = "kubernetes.io/tls",
            Data = new Dictionary<string, byte[]>
            {
                ["tls.crt"] = Encoding.UTF8.GetBytes(leaf.Certificate),
                ["tls.key"] = Encoding.UTF8.GetBytes(leaf.Key),
                ["ca.crt"] = Encoding.UTF8.GetBytes(authority.Certificate),
            },
        };
    }
}
