using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Kv.Interop.Tests.Processes;
using Kv.Testing;

namespace Kv.Interop.Tests.Tls;

/// <summary>The files by which the members of a cluster know each other. Each has a certificate for where it lives,
/// with a common name that all have.</summary>
internal sealed class PeerFiles : IDisposable
{
    public const string CommonName = "member";

    // Who connects within this machine does so from here, whatever it listens on.
    private const string Source = "127.0.0.1";

    private readonly TempDirectory _folder = new();
    private readonly Dictionary<string, CertificateWishes> _members = [];

    public PeerFiles() => Trust(Authority);

    /// <summary>By which members are issued certificates.</summary>
    public TestAuthority Authority { get; set; } = new("peers");

    /// <summary>Where those stand who are trusted.</summary>
    public string TrustedPath { get; set; } = "ca.crt";

    /// <summary>Adds what makes a member speak TLS with the others.</summary>
    public NodeSettings Complete(NodeSettings settings, params string[] flags)
    {
        string name = settings.Name;
        _members[name] = new CertificateWishes { Hosts = [settings.PeerAddress.Split(':')[0], Source] };
        Issue(name);
        return settings with
        {
            PeerScheme = "https",
            Extra =
            [
                "--peer-cert-file", _folder[name + ".crt"], "--peer-key-file", _folder[name + ".key"],
                "--peer-client-cert-auth", "--peer-trusted-ca-file", _folder[TrustedPath], .. flags,
            ],
        };
    }

    /// <summary>Gives every member a new certificate, by the authority of now.</summary>
    public void IssueAgain()
    {
        foreach (string name in _members.Keys)
            Issue(name);
    }

    /// <summary>Replaces those who are trusted, in one step.</summary>
    public void Trust(params IEnumerable<TestAuthority> authorities)
    {
        string path = _folder[TrustedPath];
        File.WriteAllText(path + ".new", string.Concat(authorities.Select(each => each.Pem)));
        File.Move(path + ".new", path, overwrite: true);
    }

    /// <summary>Whether one who shows this is answered at the peer URL of a node.</summary>
    public static async Task<bool> IsLetInAsync(NodeProcess node, TestCertificate? shown)
    {
        using var http = new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                ClientCertificateContext = shown is null
                    ? null
                    : SslStreamCertificateContext.Create(
                        shown.Certificate, additionalCertificates: null, offline: true),
                RemoteCertificateValidationCallback = (_, certificate, _, _) => certificate is X509Certificate2,
            },
        });
        try
        {
            return (await http.GetStringAsync(new Uri(node.Settings.PeerUrl + "/version"))).Contains("etcdserver");
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    public void Dispose() => _folder.Dispose();

    private void Issue(string name) =>
        Authority.Issue(CommonName, _members[name]).WriteTo(_folder[name + ".crt"], _folder[name + ".key"]);
}
