using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Kv.Interop.Tests.Processes;
using Kv.Interop.Tests.Sessions;
using Kv.Testing;

namespace Kv.Interop.Tests.Tls;

/// <summary>A node that serves its clients by TLS, with an authority of its own, and etcdctl to call it.</summary>
internal sealed class SecuredNode : IAsyncDisposable
{
    public static readonly string[] DemandsClients = ["--client-cert-auth", "--trusted-ca-file", "ca.crt"];

    private readonly TempDirectory _folder = new();

    private SecuredNode()
    {
        Settings = new NodeSettings(this["data"]) { ClientScheme = "https" };
        Server = new CertificateWishes { Hosts = [Settings.ClientAddress.Split(':')[0]] };
    }

    public TestAuthority Authority { get; } = new();

    /// <summary>What a certificate must be for the node to show it.</summary>
    public CertificateWishes Server { get; }

    public NodeSettings Settings { get; private set; }

    public NodeProcess Process { get; private set; } = null!;

    /// <summary>The host that the node's certificate must be for.</summary>
    public string Host => Server.Hosts[0];

    /// <summary>The full name of a file that is named without a folder.</summary>
    public string this[string name] => _folder[name];

    public static Task<SecuredNode> StartAsync(
        NodeProgram program, IEnumerable<string> flags, Action<SecuredNode>? prepare = null) =>
        StartAsync(program, _ => flags, prepare);

    public static async Task<SecuredNode> StartAsync(
        NodeProgram program, Func<SecuredNode, IEnumerable<string>> flags, Action<SecuredNode>? prepare = null)
    {
        SecuredNode node = Prepare(flags, prepare);
        node.Process = await NodeProcess.StartAsync(program, node.Settings);
        return node;
    }

    /// <summary>Starts a node that is expected to give up, and returns when it has.</summary>
    public static async Task<SecuredNode> StartToFailAsync(
        NodeProgram program, IEnumerable<string> flags, Action<SecuredNode> prepare)
    {
        SecuredNode node = Prepare(_ => flags, prepare);
        node.Process = await NodeProcess.StartToFailAsync(program, node.Settings);
        return node;
    }

    private static SecuredNode Prepare(
        Func<SecuredNode, IEnumerable<string>> flags, Action<SecuredNode>? prepare)
    {
        var node = new SecuredNode();
        node.Authority.Issue("server", node.Server).WriteTo(node["server.crt"], node["server.key"]);
        File.WriteAllText(node["ca.crt"], node.Authority.Pem);
        node.Write("alice", node.Authority.Issue("alice"));
        prepare?.Invoke(node);
        string[] given = [.. flags(node).Select(node.Locate)];
        string[] own = given.Contains("--auto-tls")
            ? []
            : ["--cert-file", node["server.crt"], "--key-file", node["server.key"]];
        node.Settings = node.Settings with { Extra = [.. own, .. given] };
        return node;
    }

    /// <summary>Makes a certificate known to etcdctl by its name.</summary>
    public void Write(string name, TestCertificate certificate) =>
        certificate.WriteTo(this[name + ".crt"], this[name + ".key"]);

    /// <summary>Runs etcdctl with the certificate of that name, or none if it is empty.</summary>
    public Task<ProgramRun> CallAsync(string who, params string[] command) =>
        CallAsync(EtcdRelease.V35, who, command);

    public Task<ProgramRun> CallAsync(EtcdRelease release, string who, params string[] command) =>
        ProgramRun.StartAsync(release.Etcdctl, [.. Leading(who), .. command], environment: ForVersion3());

    /// <summary>The same at an endpoint of the node's that is not the first.</summary>
    public Task<ProgramRun> CallAtAsync(string endpoint, string who, params string[] command) =>
        ProgramRun.StartAsync(
            EtcdRelease.V35.Etcdctl, [.. Leading(who, endpoint), .. command], environment: ForVersion3());

    /// <summary>A command that goes on, such as a watch.</summary>
    public RunningCommand Begin(string who, params string[] command) =>
        new(EtcdRelease.V35.Etcdctl, [.. Leading(who), .. command], ForVersion3());

    /// <summary>What is answered to HTTP/1.1 by TLS.</summary>
    public Task<string> GetAsync(string who, string path) => GetAsync(who, new Uri(Process.Url, path));

    public async Task<string> GetAsync(string who, Uri url)
    {
        using HttpClient http = Client(who);
        return await http.GetStringAsync(url);
    }

    /// <summary>Calls by TLS with the certificate of that name.</summary>
    public HttpClient Client(string who) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            ClientCertificates = [X509Certificate2.CreateFromPemFile(this[who + ".crt"], this[who + ".key"])],
            RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
        },
    });

    public async ValueTask DisposeAsync()
    {
        await Process.DisposeAsync();
        _folder.Dispose();
    }

    private static Dictionary<string, string> ForVersion3() => new() { ["ETCDCTL_API"] = "3" };

    private string[] Leading(string who, string? endpoint = null)
    {
        string[] own = who.Length == 0 ? [] : ["--cert", this[who + ".crt"], "--key", this[who + ".key"]];
        return
        [
            "--endpoints", endpoint ?? Process.Url.ToString().TrimEnd('/'), "--cacert", this["ca.crt"],
            "--dial-timeout", "2s", "--command-timeout", "2s", .. own,
        ];
    }

    private string Locate(string flag) => Path.GetExtension(flag) is ".crt" or ".key" or ".crl" ? this[flag] : flag;
}
