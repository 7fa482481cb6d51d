using System.Text;
using Kv.Kubernetes;
using Kv.Kubernetes.Models;
using Kv.Operator.Members;
using Kv.Testing;

namespace Kv.Operator.Tests.Scenarios;

/// <summary>The authority of a cluster of etcds, in the hands of who runs it: all that is to speak with it, or to be of
/// it, has certificates from there.</summary>
internal sealed class EtcdTrust
{
    private readonly ScenarioSite _site;
    private readonly TestAuthority _authority = new("authority of the etcds");

    public EtcdTrust(ScenarioSite site)
    {
        _site = site;
        Client = Issue("client", []);
    }

    /// <summary>What a client trusts and shows.</summary>
    public MemberTrust Client { get; }

    /// <summary>Writes a Secret with a certificate for these hosts, as servers and clients use it; over the one that is
    /// there.</summary>
    public Task KeepAsync(string secretName, IReadOnlyList<string> hosts) =>
        WriteAsync(_site, secretName, Issue(secretName, hosts));

    /// <summary>The same by any authority.</summary>
    public static async Task WriteAsync(ScenarioSite site, string secretName, MemberTrust trust)
    {
        V1Secret? there = await site.Client.GetAsync<V1Secret>(secretName, site.Space);
        var secret = new V1Secret
        {
            Metadata = new V1ObjectMeta
            {
                Name = secretName,
                NamespaceProperty = site.Space,
                ResourceVersion = there?.ResourceVersion(),
            },
            Type = "kubernetes.io/tls",
            Data = new Dictionary<string, byte[]>
            {
                ["ca.crt"] = Encoding.UTF8.GetBytes(trust.Authorities),
                ["tls.crt"] = Encoding.UTF8.GetBytes(trust.Certificate),
                ["tls.key"] = Encoding.UTF8.GetBytes(trust.Key),
            },
        };
        if (there is null)
            await site.Client.CreateAsync(secret);
        else
            await site.Client.UpdateAsync(secret);
    }

    // Processes of the sandbox connect from 127.0.0.1, whatever address they listen at; both sides look whether who
    // connects lives where its certificate says.
    private MemberTrust Issue(string name, IReadOnlyList<string> hosts)
    {
        TestCertificate made = _authority.Issue(name, new CertificateWishes
        {
            Hosts = hosts.Count == 0 ? [] : [.. hosts, "localhost"],
            Uses = [TestAuthority.ServerUse, TestAuthority.ClientUse],
        });
        return new MemberTrust(_authority.Pem, made.ChainPem, made.KeyPem);
    }
}
